# SPDX-License-Identifier: Apache-2.0
# The everyday commands.  meson and ninja do the work, tools/ holds what takes more than a line.
SAN ?=
PREFIX ?= /usr/local
ifeq ($(SAN),)
BUILD ?= build
setup = --buildtype=debugoptimized --prefix=$(PREFIX)
else
comma := ,
short-thread = tsan
short-address-undefined = asan
san = $(subst $(comma),-,$(SAN))
BUILD ?= build-$(or $(short-$(san)),$(san))
setup = -Db_sanitize=$(SAN) -Db_lundef=false -Doptimization=1
endif

all: $(BUILD)/build.ninja ## build into build/ (SAN=address,undefined or SAN=thread: into a folder of its own)
	@ninja -C $(BUILD)

tayra: $(BUILD)/build.ninja ## build the program alone
	@ninja -C $(BUILD) tayra

$(BUILD)/build.ninja:
	@meson setup $(BUILD) $(setup) >/dev/null || { cat $(BUILD)/meson-logs/meson-log.txt | tail -n 20; exit 1; }

test: ## everything that must hold before a commit: about ten minutes on two cores
	@tools/test $(SAN)

check-long: ## what takes longer: clang, TSan, fuzzing, valgrind, musl, aarch64, long calibrations
	@tools/test_long

calibrate: $(BUILD)/build.ninja ## are 5% of alarms 5%, and 95% of intervals right?  simulated and on this machine
	@ninja -C $(BUILD) tests/prove/test_prove_simulation tests/prove/test_prove_calibration tests/bench/test_bench_power >&2
	@TAYRA_LONG=1 $(BUILD)/tests/prove/test_prove_simulation
	@TAYRA_LONG=1 $(BUILD)/tests/prove/test_prove_calibration
	@TAYRA_LONG=1 $(BUILD)/tests/bench/test_bench_power

check: $(BUILD)/build.ninja ## the checks of the tree alone: format, symbols, dependencies, banned calls
	@meson test -C $(BUILD) --suite house --print-errorlogs

bench: $(BUILD)/build.ninja ## benchmarks, one JSON object a line (BENCH=name: that one)
	@ninja -C $(BUILD) >&2
	@BENCH="$(BENCH)" tools/bench $(BUILD)

bench-%: $(BUILD)/build.ninja
	@ninja -C $(BUILD) >&2
	@BENCH="$*" tools/bench $(BUILD)

fuzz: ## libFuzzer, FUZZ_SECONDS (30) a target
	@tools/fuzz

format: ## clang-format over everything
	@tools/check_format --fix

install: $(BUILD)/build.ninja ## into PREFIX (/usr/local), below DESTDIR
	@grep -qx 'prefix=$(PREFIX)' $(BUILD)/meson-private/tayra.pc || meson configure $(BUILD) --prefix=$(PREFIX)
	@ninja -C $(BUILD) installed
	@meson install -C $(BUILD) --no-rebuild --quiet

clean: ## remove every build folder
	rm -rf build build-*

help: ## this
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

.PHONY: all tayra test check-long calibrate check bench fuzz format install clean help
