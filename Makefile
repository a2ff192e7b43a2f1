# Everything here needs only Python 3.11 or later and make; the rest is fetched, pinned by hash.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

# The runner of the local system, the demo and the tests are not part of the installed package.
export PYTHONPATH := $(CURDIR)/deploy/local
# What scripts/tools.sh has fetched.
export PATH := $(CURDIR)/.mitodoke/tools/bin:$(PATH)

.PHONY: help demo up bench soak faults faults-broken mutation test check lint generate lock clean
.DEFAULT_GOAL := help

help: ## say what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(INSTALLED) ## replay the cases of 2019 and 2022 through the real system, and end
	@$(BIN)/python -m mitodoke_demo

up: $(INSTALLED) ## run the whole system until Ctrl-C; DEMO=1 loads the demo's data
	@$(BIN)/python -m mitodoke_local up $(if $(DEMO),--with-demo)

soak: $(INSTALLED) ## run all of it at full load and watch the memory, MINUTES=30; QUICK=1
	@PYTHONPATH=$(PYTHONPATH):$(CURDIR)/tests $(BIN)/python -m soak $(if $(MINUTES),--minutes $(MINUTES)) \
	  $(if $(QUICK),--quick)

test: check ## check everything and run all tests, on real Kafka and real PostgreSQL
	@$(BIN)/pytest

bench: $(INSTALLED) ## measure speed beside references, on a quiet machine; ONLY=recording,… DRIVES=… MINUTES=… QUICK=1
	@PYTHONPATH=$(PYTHONPATH):$(CURDIR)/tests $(BIN)/python -m bench $(if $(ONLY),--only $(ONLY)) \
	  $(if $(DRIVES),--drives $(DRIVES)) $(if $(MINUTES),--minutes $(MINUTES)) \
	  $(if $(REPEATS),--repeats $(REPEATS)) $(if $(QUICK),--quick)

faults: $(INSTALLED) ## break the system on purpose under load, and check every promise; SEEDS=1,2,… FACTS=… KILLS=… RATE=… AT_ONCE=… FOLDER=…
	@PYTHONPATH=$(PYTHONPATH):$(CURDIR)/tests $(BIN)/python -m faults $(if $(SEEDS)$(SEED),--seeds $(or $(SEEDS),$(SEED))) \
	  $(if $(FACTS),--facts $(FACTS)) $(if $(KILLS),--kills $(KILLS)) $(if $(RATE),--rate $(RATE)) $(if $(AT_ONCE),--at-once $(AT_ONCE)) \
	  $(if $(FOLDER),--folder $(FOLDER))

mutation: $(INSTALLED) ## change each rule in one place at a time, and see that a test notices; MODULE=findings/custody.py
	@$(BIN)/python scripts/mutation.py --report $(MODULE)

faults-broken: $(INSTALLED) ## run the fault suite against builds broken on purpose, in each of which it must go red
	@PYTHONPATH=$(PYTHONPATH):$(CURDIR)/tests $(BIN)/python -m faults.broken $(if $(FOLDER),--folder $(FOLDER))

check: lint ## what can be checked without starting anything
	@$(BIN)/python scripts/contracts.py check
	@$(BIN)/python scripts/contracts.py image build/contracts.binpb
	@$(BIN)/buf lint build/contracts.binpb --path mitodoke --config buf.yaml
	@$(BIN)/buf format --diff --exit-code
	@scripts/breaking.sh

lint: $(INSTALLED)
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check --quiet || { echo "Run: $(BIN)/ruff format"; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

generate: $(INSTALLED) ## write the generated code anew from protos/
	@$(BIN)/python scripts/contracts.py generate

lock: $(INSTALLED) ## resolve the pinned requirements anew
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" pyproject.toml -o requirements.txt
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --all-extras \
	  --custom-compile-command "make lock" -c requirements.txt pyproject.toml -o requirements-dev.txt

clean: ## remove what was installed and built here; the data and the fetched tools stay
	rm -rf $(VENV) build *.egg-info libs/*.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

$(INSTALLED): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Mitodoke needs Python 3.11 or later; $(PYTHON) is older. Name another: make PYTHON=/path/to/python3.11"; exit 1; }
	@test -d $(VENV) || { echo "Making the virtual environment in $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@echo "Installing the pinned requirements (the first time takes a minute or two)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
