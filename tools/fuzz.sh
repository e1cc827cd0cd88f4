#!/bin/sh
# make fuzz SECONDS=60: fuzz each target for that long, from the seeds in corpus/; inputs found are kept in .fuzz/.
set -eu
here=tools
seconds=${SECONDS_EACH:-60}
for target in callback:functions/callback form:emulator; do
    name=${target%%:*}
    mkdir -p ".fuzz/$name"
    echo "fuzzing $name for $seconds seconds"
    PYTHONPATH=${target#*:} .venv/bin/python "$here/fuzz_$name.py" ".fuzz/$name" "$here/corpus/$name" \
        -max_total_time="$seconds" -max_len=65536 -timeout=5 -rss_limit_mb=1024 -artifact_prefix=".fuzz/$name-" \
        >".fuzz/$name.log" 2>&1 || true
    if ! grep DONE ".fuzz/$name.log"; then
        tail -20 ".fuzz/$name.log" >&2
        exit 1
    fi
done
