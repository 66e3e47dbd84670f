#!/usr/bin/env bash
# The SOAP door's tests on every supported Python that is found, besides the one given (that one runs them all).
# Spyne imports differently on 3.11, 3.12 and 3.13. Each Python gets a virtual environment of its own, .venv-3.x.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

SUPPORTED="3.11 3.12 3.13"
TESTS="tests/test_soap.py tests/test_parsing.py"

# The path of a Python of this version that starts, or nothing: on PATH, or one that pyenv has built.
find_python() {
    local candidate
    for candidate in "$(command -v "python$1" || true)" \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$1".*/bin/"python$1"; do
        if [ -n "$candidate" ] && "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
}

own=$("${1:?usage: interpreters.sh PYTHON}" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
tests=()
for file in $TESTS; do
    if [ -f "$file" ]; then tests+=("$file"); fi
done
if [ "${#tests[@]}" = 0 ]; then
    echo "none of these tests exists: $TESTS" >&2
    exit 1
fi

run=() absent=()
for version in $SUPPORTED; do
    [ "$version" = "$own" ] && continue
    python=$(find_python "$version")
    if [ -z "$python" ]; then
        absent+=("$version")
        continue
    fi
    venv=".venv-$version"
    if [ ! -f "$venv/.ready" ] || [ pyproject.toml -nt "$venv/.ready" ]; then
        "$python" -m venv "$venv"
        "$venv/bin/python" -m pip install -q --disable-pip-version-check -e '.[door]'
        touch "$venv/.ready"
    fi
    echo "== Python $version: ${tests[*]}"
    "$venv/bin/python" -m pytest -q -p no:cacheprovider "${tests[@]}"
    run+=("$version")
done
echo "Python $own runs the whole suite; the SOAP door also ran on: ${run[*]:-none}; not found here: ${absent[*]:-none}"
