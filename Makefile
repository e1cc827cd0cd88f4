# Everything a contributor runs. `make` alone lists the targets; CI calls these and nothing else.

PYTHON ?= python3
BIN := .venv/bin
VENV := .venv/installed
PROOF_TOOLS := .venv/proof
BENCH_TOOLS := .venv/bench
PAGE_TOOLS := client/node_modules/.package-lock.json
NODE_PACKAGES := tests/node_modules/.package-lock.json
PAGE := client/dist/index.html
LIBRARY := client/lib/upload.js
MEASURING := $(VENV) $(BENCH_TOOLS) $(PAGE) $(LIBRARY) bench/node_modules/.package-lock.json
PAGE_SOURCES := $(wildcard client/*.html client/*.css client/*.js client/*.json client/public/* client/src/*)

# edited in functions/token, copied to functions/callback so that each folder is deployable alone
VENDORED := deadline.py edge.py journal.py main.py media.py problems.py refusals.py signing.py variables.py

# one process each, because both functions have modules of the same names: tests/<part>, and the code it imports
PARTS := token callback oss local deploy bench adversary repository flow
code_token := functions/token
code_callback := functions/callback
code_oss := local
code_local := local
code_deploy := deploy:local:functions/token
code_bench := bench:bench/children:bench/peers:deploy:functions/token:tests/flow
code_adversary := functions/token:local:tests/oss:tests/flow
code_repository := functions/token
code_flow := functions/token:deploy
path = $(code_$*):tests/$*:tests
# what is type-checked beside tests/<part>; each folder of code is named once
typed_token := functions/token
typed_callback := functions/callback
typed_local := local
typed_deploy := deploy
typed_bench := bench
typed_repository := tests/proof/audit.py tests/proof/mutate.py

PLATFORM := --python-platform x86_64-manylinux2014
# what the functions ship besides themselves
SHIPPED := functions/callback/requirements.txt functions/token/requirements-auth.txt
COMPILE := $(BIN)/uv pip compile --quiet --python-version 3.10 --generate-hashes --no-header --no-emit-index-url

.DELETE_ON_ERROR:
.PHONY: help run token-for oss package deploy page destroy rotate-secret doctor build check lint types test screenshots mutate fuzz soak bench bench-check audit fmt vendor requirements clean node chromium no-coverage test-client types-client

help: ## this list
	@sed -n 's/^\([a-z][a-z<>-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do \
		printf '  make %-14s %s\n' "$$name" "$$text"; done

run: $(VENV) $(PAGE) ## the whole system on this machine, until Ctrl-C; prints the page's address
	@exec $(BIN)/python local/run.py

token-for: $(VENV) ## a token of USER for make run SIGN_IN=true; also CLAIMS='{...}' SECONDS=60
	@exec $(BIN)/python local/token_for.py

oss: $(VENV) ## only the stand-in for OSS, for code of your own, until Ctrl-C; see the README for its options
	@exec $(BIN)/python local/run_oss.py

package: $(VENV) ## the zips for Function Compute in .deploy/; RUNTIME=python3.10, SIGN_IN=true where users sign in
	@exec $(BIN)/python deploy/package.py

# what stands on make's own command line, because no setting of a deployment comes from the environment
GIVEN = $(strip $(foreach name,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $(name)))),$(name))))

TO_CLOUD = PYTHONPATH=local:functions/token $(BIN)/python

deploy: $(VENV) $(PAGE) ## put everything on Function Compute and OSS: STACK= REGION=, and settings; YES=1 does not ask
	@exec env GIVEN="$(GIVEN)" $(TO_CLOUD) deploy/deploy.py

page: $(VENV) $(PAGE) ## the page at localhost:8080, uploading to a deployed stack, until Ctrl-C: STACK= REGION=
	@exec env GIVEN="$(GIVEN)" $(TO_CLOUD) deploy/serve_page.py

destroy: $(VENV) ## take stack, page and packages away: STACK= REGION=; uploads are kept unless DELETE_UPLOADS=1
	@exec env GIVEN="$(GIVEN)" $(TO_CLOUD) deploy/destroy.py

rotate-secret: $(VENV) ## the next of two steps to a new ticket secret: STACK= REGION=; NOW=1 takes one step
	@exec env GIVEN="$(GIVEN)" $(TO_CLOUD) deploy/rotate_secret.py

doctor: $(VENV) ## check make run, or a deployment: STACK= REGION=, or TOKEN_URL= ORIGIN= SITE_URL=; JSON=true
	@exec env $(TO_CLOUD) deploy/doctor.py

build: $(PAGE) $(LIBRARY) ## the page for the site bucket in client/dist, upload.js for your own page in client/lib

check: lint types test ## lint, types, test and a minute's soak: what CI runs
	@$(MAKE) --no-print-directory soak SECONDS=60

test: $(VENV) ## every test, the browser's included, and the coverage of functions/
	@$(MAKE) --no-print-directory no-coverage node chromium $(PARTS:%=test-%) test-client
	$(BIN)/coverage combine --quiet && $(BIN)/coverage report

screenshots: $(VENV) $(PAGE) $(NODE_PACKAGES) | chromium ## the page in every state, into screenshots/
	PYTHONPATH=functions/token:tests/flow:tests $(BIN)/python tests/flow/screenshots.py

mutate: $(VENV) $(PROOF_TOOLS) ## does some test notice each small change of what signs, grants and verifies? minutes
	@$(BIN)/python tests/proof/mutate.py

fuzz: $(VENV) $(PROOF_TOOLS) ## bytes at random for the callback function and the stand-in's forms; SECONDS=60 each
	@SECONDS_EACH="$(SECONDS)" sh tests/proof/fuzz.sh

soak: $(VENV) $(PAGE) ## uploads, refusals and faults mixed on the local stack, for SECONDS=600; is anything lost, does anything grow?
	@PYTHONPATH=functions/token:tests/flow:tests $(BIN)/python tests/proof/soak.py $(SECONDS)

bench: $(MEASURING) | chromium ## how fast is it, beside what people would pick instead? writes BENCHMARKS.md; minutes
	@PYTHONPATH=$(code_bench):tests $(BIN)/python bench/run.py

bench-check: $(MEASURING) | chromium ## the same again; fails where something became slower beside the others; minutes
	@PYTHONPATH=$(code_bench):tests $(BIN)/python bench/check.py

audit: $(VENV) $(PROOF_TOOLS) ## is a dependency known to be vulnerable, is the workflow safe? asks PyPI and npm
	@$(BIN)/python tests/proof/audit.py

types: $(VENV) $(PARTS:%=types-%) types-client ## mypy for each part, tsc for the page

lint: $(VENV) ## ruff: rules and format
	$(BIN)/ruff check && $(BIN)/ruff format --check

fmt: $(VENV) ## put the Python code in shape
	$(BIN)/ruff check --fix --quiet || true
	$(BIN)/ruff format

vendor: ## copy what both functions share from functions/token to functions/callback
	cp $(VENDORED:%=functions/token/%) functions/callback/

requirements: $(VENV) ## compile the pinned, hashed requirements from every requirements*.in
	$(COMPILE) $(PLATFORM) functions/token/requirements.in -o functions/token/requirements.txt
	$(COMPILE) $(PLATFORM) functions/callback/requirements.in -o functions/callback/requirements.txt
	$(COMPILE) $(PLATFORM) -c functions/callback/requirements.txt functions/token/requirements-auth.in \
		-o functions/token/requirements-auth.txt
	$(COMPILE) --universal $(SHIPPED:%=-c %) requirements-dev.in -o requirements-dev.txt
	$(COMPILE) --universal requirements-build.in -o requirements-build.txt
	$(subst 3.10,3.11,$(COMPILE)) --universal -c requirements-dev.txt requirements-proof.in -o requirements-proof.txt
	$(subst 3.10,3.11,$(COMPILE)) --universal -c requirements-dev.txt requirements-bench.in -o requirements-bench.txt

clean: ## remove everything that was made here: tools, caches, local uploads
	rm -rf .venv .local .deploy .mutants .fuzz .hypothesis client/node_modules client/dist client/lib screenshots tests/node_modules bench/node_modules .coverage .coverage.* htmlcov .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Parts of the above: make test-token, make types-local ...
test-client: $(PAGE_TOOLS) | node
	node --test --test-reporter spec tests/client/*.test.mjs

test-oss test-adversary test-flow: $(NODE_PACKAGES)

test-local test-adversary test-flow: $(PAGE)

test-flow: $(LIBRARY)

test-%: $(VENV)
	PYTHONPATH=$(path) $(BIN)/coverage run -m pytest -q tests/$*

types-client: $(PAGE_TOOLS)
	client/node_modules/.bin/tsc -p client

types-%: $(VENV)
	MYPYPATH=$(path) $(BIN)/mypy --cache-dir .mypy_cache/$* $(typed_$*) tests/$*

no-coverage: $(VENV)
	@$(BIN)/coverage erase

node:
	@node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 22 || (a == 22 && b >= 12) || (a == 20 && b >= 19) ? 0 : 1)' \
		2>/dev/null || { echo "Node.js 20.19, 22.12 or newer is needed to build the page: https://nodejs.org" >&2; exit 1; }

chromium: $(VENV)
	@sh tests/chromium.sh $(BIN)/playwright

$(VENV): requirements-build.txt requirements-dev.txt local/setup.sh
	@sh local/setup.sh $(PYTHON)

$(PROOF_TOOLS) $(BENCH_TOOLS): .venv/%: requirements-%.txt $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	@touch $@

$(PAGE): $(PAGE_SOURCES) $(PAGE_TOOLS)
	npm run --silent --prefix client build

# made by the same build; by itself only when somebody removed it
$(LIBRARY): $(PAGE)
	@test -f $@ || npm run --silent --prefix client build
	@touch $@

%/node_modules/.package-lock.json: %/package-lock.json | node
	npm ci --prefix $* --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@
