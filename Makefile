# Everything a person does here. `make` alone lists it.

PYTHON ?= python3
BOARD ?= pico_tmc2209
ARGS ?=

SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -ec
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

py := .venv/bin/python
ready := .venv/ready
typings := build/typings
rivals := build/rivals
bits32 := build/bits32/ready
bits32_sources := $(wildcard tests/portable/bits32/*.[ch] tests/portable/bits32/*.ld) tests/portable/bits32/Makefile
mutation := build/mutation
pins = $(py) -c 'import tomllib; p = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
	print(*p["optional-dependencies"]["$(1)"], sep="\n")'

# A checkout that was moved or copied has a .venv that points to the old place.
ifneq ($(shell cat $(ready) 2>/dev/null),$(CURDIR))
.PHONY: $(ready)
endif

.PHONY: help
help: ## list what can be made
	@echo 'Titrate: bench and research use, not for use on people.'
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

.PHONY: setup
setup: $(ready) ## prepare .venv with everything that is used here
	@:

$(ready): pyproject.toml firmware/pump/version.py
	@missing=(); \
	command -v git >/dev/null || missing+=(git); \
	command -v cc >/dev/null || missing+=(gcc); \
	command -v c++ >/dev/null || missing+=(g++); \
	if ! command -v $(PYTHON) >/dev/null; then missing+=(python3 python3-venv); \
	elif ! $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
		echo '$(PYTHON) is older than 3.11. Install a newer one, such as Debian 12 has, and say' \
			'which: make PYTHON=python3.11 $(MAKECMDGOALS)' >&2; exit 1; \
	elif ! $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then missing+=(python3-venv); fi; \
	if [ $${#missing[@]} -gt 0 ]; then \
		echo "Missing: $${missing[*]}. Install with: sudo apt-get install $${missing[*]}" >&2; exit 1; \
	fi
	@echo 'setup: preparing .venv (about a minute, once); log in build/setup.log'
	@mkdir -p build
	@$(py) -m pip --version >build/setup.log 2>&1 && [ "$$(cat $(ready) 2>/dev/null)" = '$(CURDIR)' ] \
		|| { rm -rf .venv; $(PYTHON) -m venv .venv; }
	@$(py) -m pip install --disable-pip-version-check --no-input --editable '.[dev,locked]' 2>&1 \
		| tee -a build/setup.log \
		| awk -v live="$$([ -t 1 ] && echo 1)" '/^(Collecting|Processing) / {n++; if (live) {printf \
			"\rsetup: %d packages", n; fflush()}} END {if (n) print (live ? "\r" : "") "setup: " n " packages, done"}' \
		|| { tail -20 build/setup.log >&2; echo 'setup: failed, see above' >&2; exit 1; }
	@echo -n '$(CURDIR)' >$@

.PHONY: uf2
uf2: setup ## build the firmware image of BOARD=<folder under boards/>
	@$(py) firmware/image/build_uf2.py --board $(BOARD)

.PHONY: stock
stock: setup ## build MicroPython alone, which `titrate deploy` is tried on
	@$(py) firmware/image/build_uf2.py --stock

.PHONY: demo
demo: uf2 ## run a day of baclofen on the virtual Pico and compare every step
	@$(py) -m titrate.demo $(ARGS)

# The boards whose images have tests of their own, besides the standard one.
.PHONY: boards
boards: setup
	@for board in pico_a4988 pico_uln2003 pico_w_tmc2209; do \
		$(py) firmware/image/build_uf2.py --board $$board; done

.PHONY: test
test: uf2 boards stock $(bits32) ## run all tests; ARGS='-k name' for some
	@$(py) -m pytest -n auto --dist loadfile --no-loadscope-reorder --max-worker-restart=0 $(ARGS)

# MicroPython with the numbers of the RP2040, from the sources and the compiler of the image. Where
# this computer cannot run programs of 32 bits, the one for the RP2040's processor does for both.
.PHONY: bits32
bits32: setup $(bits32)
	@:
$(bits32): $(bits32_sources) firmware/image/sources.toml | stock
	@echo 'bits32: building MicroPython for the portable tests; log in build/bits32.log'
	@rm -rf build/bits32 && mkdir -p build/bits32/linux
	@$(bits32_make) HOST=thumb BUILD=$(CURDIR)/build/bits32/thumb \
		CROSS_COMPILE=$(CURDIR)/build/toolchain/usr/bin/arm-none-eabi- >build/bits32.log 2>&1 \
		|| { tail -20 build/bits32.log >&2; echo 'bits32: failed, see above' >&2; exit 1; }
	@$(bits32_make) HOST=linux BUILD=$(CURDIR)/build/bits32/linux \
		HEADERS=$(CURDIR)/build/toolchain/usr/include/newlib >>build/bits32.log 2>&1 || true
	@cd build/bits32 && echo 'pass' >main.py && { linux/firmware.elf 2>/dev/null \
		|| { echo 'bits32: no programs of 32 bits run here; the one for the RP2040 is slower'; rm -rf linux; }; }
	@touch $@

bits32_make = $(MAKE) -C tests/portable/bits32 -j2 PYTHON=$(CURDIR)/$(py) \
	MICROPYTHON=$(CURDIR)/build/micropython/micropython

.PHONY: lint
lint: setup $(typings)/ready ## check style and types
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@$(py) -m mypy
	@$(py) -m mypy --config-file firmware/mypy.ini

# Packages of pyproject.toml that go into a folder of their own and never into .venv.
$(typings)/ready: extra := device-stubs
$(rivals)/ready: extra := bench-rivals
$(mutation)/ready: extra := mutation
$(typings)/ready $(rivals)/ready $(mutation)/ready: pyproject.toml $(ready)
	@rm -rf $(@D) && mkdir -p $(@D)
	@$(call pins,$(extra)) >$(@D)/requirements.txt
	@$(py) -m pip install --disable-pip-version-check --quiet --no-deps --target $(@D) \
		--requirement $(@D)/requirements.txt 2>$(@D).log || { cat $(@D).log >&2; exit 1; }
	@touch $@

.PHONY: mutants
mutants: setup $(mutation)/ready ## show small mistakes in pump.core that no test notices; ARGS='ledger' for some
	@$(py) tests/mutation/run.py $(ARGS)

.PHONY: bench
bench: uf2 stock $(rivals)/ready $(mutation)/ready ## measure on the virtual Pico, build/bench.json; ARGS='fast log' for some
	@$(py) tests/bench/run.py $(ARGS)

.PHONY: clean
clean: ## remove everything that was made here
	@rm -rf build .venv *.egg-info
	@find firmware host_tools boards tests -name __pycache__ -prune -exec rm -rf {} +
