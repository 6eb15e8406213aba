# make serve [PORT=5000] [HOST=127.0.0.1]   run the server, in .venv with its dependencies only
# make serve MODEL=openvoice-v2             serve the official model, installed on first use
# make test [PYTEST_ARGS=...]               run every check, in .venv-dev
# make export CHECKPOINT=... [OUTPUT=...]   export an OpenVoice checkpoint to ONNX, in .venv-dev

PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; \
	done)
OUTPUT ?= onnx_models/openvoice-v2
IMAGE ?= openvoice-onnx

# HOST and MODEL are read from the command line only: some shells export variables of these names, and that
# must not open the server to a network or serve another model.
ifeq ($(origin HOST),command line)
host_option := --host $(HOST)
endif
ifeq ($(origin MODEL),command line)
model_option := --model $(MODEL)
official := $(filter openvoice-v1 openvoice-v2,$(MODEL))
endif
ifdef PORT
port_option := --port $(PORT)
endif

.PHONY: help serve test lint format export samples docker-cpu docker-gpu clean

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

# Voices are stored beside the checkout; OPENVOICE_VOICES of the shell, even an empty one, takes precedence.
serve: export OPENVOICE_VOICES ?= $(CURDIR)/voices.db

.venv/installed: pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed" >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv
	.venv/bin/pip install --quiet --editable '.[cpu,formats]'
	@touch $@

.venv-dev/installed: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed" >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv-dev
	.venv-dev/bin/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

serve: .venv/installed
	$(if $(official),.venv/bin/python -m runtime install $(official) --if-missing)
	.venv/bin/python -m server $(model_option) $(host_option) $(port_option)

lint: .venv-dev/installed
	.venv-dev/bin/ruff check .
	.venv-dev/bin/ruff format --check .
	.venv-dev/bin/mypy

test: lint
	.venv-dev/bin/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

format: .venv-dev/installed
	.venv-dev/bin/ruff check --fix .
	.venv-dev/bin/ruff format .

export: .venv-dev/installed
	@test -n "$(CHECKPOINT)" || { echo "usage: make export CHECKPOINT=file, folder or hub name" >&2; exit 2; }
	.venv-dev/bin/python -m export --checkpoint '$(CHECKPOINT)' --output '$(OUTPUT)'

samples: .venv-dev/installed
	.venv-dev/bin/python samples/make.py

docker-cpu:
	docker build --file Dockerfile.cpu --tag $(IMAGE):cpu .

docker-gpu:
	docker build --file Dockerfile.gpu --tag $(IMAGE):gpu .

clean:
	rm -rf .venv .venv-dev .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
