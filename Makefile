# The front door. `make` alone shows what there is.
PREFIX ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 60
# The rooms with threads: their tests also run under the thread sanitizer.
TSAN_ROOMS ?= base monitor react control control/inproc
export TSAN_ROOMS FUZZ_SECONDS

.DEFAULT_GOAL := help
.PHONY: help run test bench check static oracle install docs format clean

help:  ## show this
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

run:  ## build, then watch the live kernel for some seconds
	@tools/setup.sh build
	@# Where the tests' packages are missing the tests are left out; `make test` installs them.
	@tools/build.sh dev $$(tools/setup.sh --have test || echo -DSWERVE_WITH_TESTS=OFF) swerve
	@if [ -x tools/run_demo.sh ]; then SWERVE=build/dev/swerve tools/run_demo.sh; fi

test:  ## build and run every test that this machine can run
	@tools/setup.sh build test
	@tools/run_tests.sh

bench:  ## measure, as ratios
	@tools/setup.sh build bench
	@tools/build.sh release -DSWERVE_WITH_BENCH=ON
	@if [ -x bench/run.sh ]; then BUILD=build/release SWERVE=build/release/swerve bench/run.sh; fi

check:  ## layout, static checks, the other sanitizers, a minute of each fuzzer
	@tools/setup.sh build test check
	@tools/run_check.sh

static:  ## one static swerve, with its monitors beside it, in build/static
	@tools/setup.sh build
	@tools/build.sh static swerve
	@if readelf -l build/static/swerve | grep -q INTERP; then echo "build/static/swerve is not static"; exit 1; fi
	@rm -rf build/static/monitors && cp -r monitors build/static/monitors
	@ls -l build/static/swerve

oracle:  ## compare with the reference kernel in QEMU (takes minutes)
	@tools/setup.sh build oracle
	@if [ -x tests/oracle/run.sh ]; then tests/oracle/run.sh; fi

install:  ## install into PREFIX (/usr/local), below DESTDIR
	@tools/setup.sh build
	@tools/build.sh install -DCMAKE_INSTALL_PREFIX=$(PREFIX)
	@DESTDIR=$(DESTDIR) cmake --install build/install

docs:  ## the reference of the library's headers, in build/docs/html
	@tools/setup.sh docs
	@tools/build_docs.sh build/docs

format:  ## lay out the sources
	@tools/setup.sh check
	@git ls-files '*.cc' '*.h' '*.c' | xargs -r clang-format -i

clean:  ## remove what was built
	@rm -rf build
