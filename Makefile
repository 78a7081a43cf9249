# make demo | make test | make check | make audit | make evaluate | make bench | make manage cmd="…"
SHELL := /bin/sh
BIN := .venv/bin

# Among the names of Python, the first that answers and is new enough: a name on the PATH may be a
# version manager's shim with nothing behind it.
ifndef PYTHON
PYTHON := $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
endif
ifeq ($(PYTHON),)
$(error Python 3.11 or newer is needed and none is on the PATH. Install it (Debian, Ubuntu: \
apt install python3 python3-venv; macOS: brew install python), or name it: make demo PYTHON=/path/to/python3)
endif

.PHONY: demo manage test check audit evaluate bench bench-guard bench-import format runtime development

runtime:
	@$(PYTHON) -I supportbot/install.py requirements.txt

development:
	@$(PYTHON) -I supportbot/install.py requirements-dev.txt

demo: runtime
	@exec $(BIN)/python -m supportbot.demo

# The value as it was written: make itself must not read its dollar signs.
manage: runtime
	@exec $(BIN)/python -m supportbot.demo manage $(value cmd)

test: development
	$(BIN)/python -m pytest -n 2 --dist worksteal
	TEST_DATABASE=postgresql $(BIN)/python -m pytest -n 2 --dist worksteal

# What of chat/evaluation/cases the assistant without a model must pass; raise it with what is mended.
PASSES := 98

evaluate: development
	DEBUG=True $(BIN)/python manage.py evaluate chat/evaluation/cases/*.jsonl --model offline \
		--repeat 1 --at-least $(PASSES)

bench: development
	$(BIN)/python -m tests.benchmarks.bench_turns

bench-guard: development
	$(BIN)/python -m tests.benchmarks.bench_guard

bench-import: development
	$(BIN)/python -m tests.benchmarks.bench_import

check: development
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	DEBUG=True $(BIN)/mypy
	$(BIN)/lint-imports
	DEBUG=True DATABASE_URL=sqlite://:memory: $(BIN)/python manage.py makemigrations --check --dry-run
	DEBUG=False SECRET_KEY=$$(head -c 40 /dev/urandom | base64) ALLOWED_HOSTS=shop.example \
		$(BIN)/python manage.py check --deploy --fail-level WARNING

audit: development
	$(BIN)/python .ci/audit.py

format: development
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
