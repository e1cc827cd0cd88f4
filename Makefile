# Everything a contributor runs. `make` alone lists the targets; CI calls these and nothing else.

PYTHON ?= python3
BIN := .venv/bin
VENV := .venv/installed
# who only runs the system, or builds the page, installs less, unless the developers' tools are there already
ONLY = $(if $(MAKECMDGOALS),$(if $(filter-out $(1),$(MAKECMDGOALS)),,yes))
RUNNING := run oss show token-for
RUN := $(if $(call ONLY,$(RUNNING) build),$(or $(wildcard $(VENV)),.venv/run),$(VENV))
PROOF_TOOLS := .venv/proof
BENCH_TOOLS := .venv/bench
DOCS_TOOLS := .venv-docs/installed
PAGE_TOOLS := client/node_modules/.package-lock.json
PAGE_PARTS := $(if $(call ONLY,$(RUNNING)),$(or $(wildcard $(PAGE_TOOLS)),client/node_modules/.run),$(PAGE_TOOLS))
# installs, and says in one sentence what is missing; with the system's Python until there is ours
SETUP := $(or $(wildcard $(BIN)/python),$(PYTHON)) -m local.setup
# Node.js is in .venv where the system has none that suits; `env`, because make 3.81 does not search this path itself
export PATH := $(CURDIR)/.venv/node/bin:$(PATH)
NPM := env npm
# from make's command line only: shells and tools set a HOST of their own, and this one opens ports to others
HOST :=
NODE_PACKAGES := tests/node_modules/.package-lock.json tests/packaging/node_modules/.package-lock.json
FRAMEWORKS := tests/bindings/node_modules/.package-lock.json
PAGE := client/dist/index.html
LIBRARY := client/lib/upload.js
MEASURING := $(VENV) $(BENCH_TOOLS) $(PAGE) $(LIBRARY) bench/node_modules/.package-lock.json
PAGE_SOURCES := $(wildcard client/*.html client/*.js client/*.json client/npm/* client/public/* client/src/*/* client/src/*/*/*)

# The parts of the tests: each runs alone (make test-token), or all of them on two processes (make test).
# Coverage is measured where it is asked for, and not under inputs at random, which it makes three times slower.
COVERED := token callback emulator deploy
ANY_INPUT := $(wildcard tests/*/test_any_*.py)
UNCOVERED := $(ANY_INPUT) $(addprefix tests/,local bench adversary repository flow)
PYTEST := -m pytest -q
CHOSEN :=
TWO := -n 2 --dist loadfile  # a file stays on one process, so that its stack and its browser start once

PLATFORM := --python-platform x86_64-manylinux2014
# what the functions ship besides themselves
SHIPPED := functions/callback/requirements.txt functions/token/requirements-auth.txt
DOCS_PIP := .venv-docs/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps
COMPILE := $(BIN)/uv pip compile --quiet --python-version 3.10 --generate-hashes --no-header --no-emit-index-url

.DELETE_ON_ERROR:
.PHONY: help run token-for show oss package deploy preflight page destroy rotate-secret doctor build release check lint types test test-fast screenshots mutate fuzz soak large emulator-figures bench bench-check bench-trial audit fmt vendor requirements docs pictures llms clean python ready-run ready-oss node chromium playwright-chromium lint-client test-client test-parts types-client

help: ## this list
	@sed -n 's/^\([a-z][a-z<>-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do \
		printf '  make %-19s %s\n' "$$name" "$$text"; done

run: ready-run $(RUN) $(PAGE) ## the whole system on this machine, until Ctrl-C; HOST=192.168.1.5 serves other machines too
	@exec $(BIN)/python -m local.run

show: $(RUN) ## a link to the newest upload of make run, or to KEY=
	@exec $(BIN)/python -m local.show

token-for: $(RUN) ## a token of USER for make run SIGN_IN=true; also CLAIMS='{...}' SECONDS=60
	@exec $(BIN)/python -m local.token_for

oss: ready-oss $(RUN) ## only the stand-in for OSS, for code of your own, until Ctrl-C; docs/stand-in.md has its options
	@exec $(BIN)/python -m local.run_oss

package: $(VENV) ## the zips for Function Compute in .deploy/; RUNTIME=python3.10, SIGN_IN=true where users sign in
	@exec $(BIN)/python -m deploy.package

# what stands on make's own command line, because no setting of a deployment comes from the environment;
# PYTHON is make's own
GIVEN = $(filter-out PYTHON,$(foreach name,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $(name)))),$(name))))

deploy: $(VENV) $(PAGE) $(LIBRARY) ## put everything on Function Compute and OSS: STACK= REGION=, and settings; YES=1 does not ask
	@exec env GIVEN="$(GIVEN)" $(BIN)/python -m deploy.deploy

preflight: $(VENV) ## would make deploy succeed? changes nothing: STACK= REGION=, and settings; JSON=true
	@exec env GIVEN="$(GIVEN)" $(BIN)/python -m deploy.preflight

page: $(VENV) $(PAGE) ## the page at localhost:8080, uploading to a deployed stack, until Ctrl-C: STACK= REGION=
	@exec env GIVEN="$(GIVEN)" $(BIN)/python -m deploy.page

destroy: $(VENV) ## take stack, page and packages away: STACK= REGION=; uploads are kept unless DELETE_UPLOADS=1
	@exec env GIVEN="$(GIVEN)" $(BIN)/python -m deploy.destroy

rotate-secret: $(VENV) ## the next of two steps to a new ticket secret: STACK= REGION=; NOW=1 takes one step
	@exec env GIVEN="$(GIVEN)" $(BIN)/python -m deploy.rotate_secret

doctor: $(VENV) ## check make run, or a deployment: STACK= REGION=, or TOKEN_URL= ORIGIN= SITE_URL=; JSON=true RECORD=
	@exec $(BIN)/python -m deploy.doctor

release: $(VENV) $(PAGE) $(LIBRARY) docs ## all zips of a release, the npm package and their checksums, into dist/; TAG=v0.2.0 must be the newest version
	@exec $(BIN)/python -m tools.release

build: $(PAGE) $(LIBRARY) ## the page for the site bucket in client/dist, the library for your own page in client/lib, an npm package

docs: $(DOCS_TOOLS) ## the documents as a website with search, in site/; a broken link fails
	@.venv-docs/bin/python -m tools.docs_site

check: lint types test docs ## lint, types, test, docs and a minute's soak: what CI runs
	@$(MAKE) --no-print-directory soak SECONDS=60

test: chromium $(VENV) ## every test, the browser's included, and the coverage of functions, emulator and deploy
	@$(MAKE) --no-print-directory test-client test-parts

test-fast: $(VENV) ## every test that needs no browser
	@$(MAKE) --no-print-directory test-client test-parts CHOSEN='-m "not browser"'

screenshots: $(VENV) $(PAGE) $(NODE_PACKAGES) | chromium ## the page in every state, into screenshots/
	$(BIN)/python -m tools.screenshots

pictures: $(VENV) $(PAGE) | chromium ## the pictures of the page in docs/, anew
	@$(BIN)/python -m tools.pictures

mutate: $(VENV) $(PROOF_TOOLS) ## does some test notice each small change of what signs, grants, verifies and deploys? minutes
	@$(BIN)/python -m tools.mutate

fuzz: $(VENV) $(PROOF_TOOLS) ## bytes at random for the callback function and the stand-in's forms; SECONDS=60 each
	@SECONDS_EACH="$(SECONDS)" sh tools/fuzz.sh

soak: $(VENV) $(PAGE) ## uploads, refusals and faults mixed on the local stack, for SECONDS=600; is anything lost, does anything grow?
	@$(BIN)/python -m tools.soak $(SECONDS)

large: $(VENV) | node ## one file of GIGABYTES=20 through client, functions and stand-in: does any of them take more memory for it? minutes
	@$(BIN)/python -m tools.large_upload $(GIGABYTES)

emulator-figures: $(VENV) ## how fast is the OSS emulator beside http.server, and how much does it need? MOTO=a venv with moto[server]; minutes
	@PYTHONPATH=emulator $(BIN)/python -m tools.emulator_figures $(if $(MOTO),--moto "$(MOTO)")

bench: $(MEASURING) | chromium ## how fast is it, beside what people would pick instead? writes docs/benchmarks.md; PARTS="cold warm", minutes
	@$(BIN)/python -m bench.run $(PARTS)

bench-check: $(MEASURING) | chromium ## the same again; fails where something became slower beside the others; PARTS="cold warm", minutes
	@$(BIN)/python -m bench.check $(PARTS)

bench-trial: $(MEASURING) ## does bench-check pass beside a busy loop, and fail for a function made 25 % slower? many minutes
	@$(BIN)/python -m bench.trial

audit: $(VENV) $(PROOF_TOOLS) ## is a dependency known to be vulnerable, is the workflow safe? asks PyPI and npm
	@$(BIN)/python -m tools.audit

types: $(VENV) types-client ## mypy for all Python, tsc for the page
	$(BIN)/mypy && $(BIN)/mypy functions/callback/main.py

lint: $(VENV) lint-client ## rules and format: ruff for Python, ESLint, Prettier and old browsers for JavaScript
	$(BIN)/ruff check && $(BIN)/ruff format --check

fmt: $(VENV) $(PAGE_TOOLS) ## put the Python and the JavaScript code in shape
	$(BIN)/ruff check --fix --quiet || true
	$(BIN)/ruff format
	$(NPM) run --silent --prefix client format

vendor: ## copy vendored/, which both functions share, from functions/token to functions/callback
	rm -rf functions/callback/vendored && cp -r functions/token/vendored functions/callback/

requirements: $(VENV) ## compile pinned, hashed requirements: what ships, and each group of pyproject.toml
	$(COMPILE) $(PLATFORM) functions/token/requirements.in -o functions/token/requirements.txt
	$(COMPILE) $(PLATFORM) functions/callback/requirements.in -o functions/callback/requirements.txt
	$(COMPILE) $(PLATFORM) -c functions/callback/requirements.txt functions/token/requirements-auth.in \
		-o functions/token/requirements-auth.txt
	$(COMPILE) --universal $(SHIPPED:%=-c %) --group run -o requirements/run.txt
	$(COMPILE) --universal $(SHIPPED:%=-c %) -c requirements/run.txt --group dev -o requirements/dev.txt
	$(COMPILE) --universal --group build -o requirements/build.txt
	$(COMPILE) --universal --group docs -o requirements/docs.txt
	$(COMPILE) --universal --group node -o requirements/node.txt
	$(subst 3.10,3.11,$(COMPILE)) --universal -c requirements/dev.txt --group proof -o requirements/proof.txt
	$(subst 3.10,3.11,$(COMPILE)) --universal -c requirements/dev.txt --group bench -o requirements/bench.txt

llms: ## llms.txt, the list of all documents, and all of a language in one file: llms-full.txt llms-full.zh.txt
	@exec $(PYTHON) -m tools.llms

clean: ## remove everything that was made here: tools, caches, local uploads
	rm -rf .venv .local .deploy dist .venv-docs .docs site .mutants .fuzz .hypothesis client/node_modules client/dist client/lib screenshots llms-full.txt llms-full.zh.txt tests/node_modules tests/bindings/node_modules tests/packaging/node_modules bench/node_modules .coverage .coverage.* htmlcov .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Parts of the above: make test-token, make test-flow ...
test-client: $(PAGE_TOOLS) $(NODE_PACKAGES) | node
	node --test --test-reporter spec tests/client/*.test.mjs

test-flow test-parts: $(FRAMEWORKS)

test-%: $(VENV) $(PAGE) $(LIBRARY) $(NODE_PACKAGES)
	$(BIN)/python $(PYTEST) tests/$*

test-parts: $(VENV) $(PAGE) $(LIBRARY) $(NODE_PACKAGES)
	@$(BIN)/coverage erase
	$(BIN)/coverage run $(PYTEST) $(TWO) $(ANY_INPUT:%=--ignore=%) $(COVERED:%=tests/%)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --include='functions/*' --fail-under=100
	$(BIN)/coverage report --include='emulator/*' --fail-under=99
	$(BIN)/coverage report --include='deploy/*' --fail-under=98
	$(BIN)/python $(PYTEST) $(TWO) $(CHOSEN) $(UNCOVERED)

lint-client: $(PAGE_TOOLS)
	$(NPM) run --silent --prefix client lint && $(NPM) run --silent --prefix client format:check

types-client: $(PAGE_TOOLS) $(FRAMEWORKS)
	client/node_modules/.bin/tsc -p client && client/node_modules/.bin/tsc -p tests/bindings

python:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) was not found: install Python 3.10 or newer, or name another with make PYTHON=..." >&2; exit 1; }

ready-run ready-oss: ready-%: python
	@$(SETUP) ready $*

node: $(RUN)
	@$(SETUP) node

chromium: python
	@$(SETUP) browser

playwright-chromium: $(VENV) ## Playwright's Chromium for the tests, where the system has none
	$(BIN)/playwright install --with-deps chromium

.venv/run: requirements/run.txt | python
	@$(PYTHON) -m local.setup install run

$(VENV): requirements/build.txt requirements/dev.txt | python
	@$(PYTHON) -m local.setup install dev

$(PROOF_TOOLS) $(BENCH_TOOLS): .venv/%: requirements/%.txt $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	@touch $@

# jieba has no wheel: as for oss2, pinned tools build it, and not what pip would fetch without a hash
$(DOCS_TOOLS): requirements/build.txt requirements/docs.txt
	$(PYTHON) -m venv --clear $(@D) && $(DOCS_PIP) -r requirements/build.txt && $(DOCS_PIP) --no-build-isolation --use-pep517 -r requirements/docs.txt
	@touch $@

$(PAGE): $(PAGE_SOURCES) $(PAGE_PARTS)
	$(NPM) run --silent --prefix client build:page

# built after the page: this also checks what the page's browsers lack; the changelog has the package's version
$(LIBRARY): $(PAGE) $(PAGE_TOOLS) CHANGELOG.md
	$(NPM) run --silent --prefix client build:library
	@touch $@

client/node_modules/.run: client/package-lock.json | node
	@$(SETUP) npm client --omit=dev

%/node_modules/.package-lock.json: %/package-lock.json | node
	@$(SETUP) npm $*
