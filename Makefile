# SPDX-License-Identifier: Apache-2.0
# The short names for what is done most; Meson and Ninja do the work. `make help` lists them.

LISTEN ?= :8080
DATA ?= data
TLS ?=
PREFIX ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 60
ROUNDS ?= 300
MINUTES ?= 10
SECONDS ?= 60
SEEDS ?=
C_FILES = $(shell find src tests bench -name '*.[ch]' 2>/dev/null | sort)

.DEFAULT_GOAL := build
.PHONY: build run deb test conformance coverage fuzz sim faults handover soak mutants \
	bench format lint tidy install clean help bench-growth bench-check

build: ## build/natter, the release build; installs what is missing on Debian and Ubuntu
	@tools/setup
	@tools/build release

run: build ## build, then serve on LISTEN (:8080) with its data in DATA (./data); TLS=self: over https, for a try
ifeq ($(TLS),self)
	@tools/certificate "$(DATA)/tls"
	@echo "natter: open https://localhost:$(lastword $(subst :, ,$(LISTEN)))/"
	@echo "natter: the browser will warn of the certificate, since it is your own"
	@exec build/natter serve --listen "$(LISTEN) tls" --tls-certificates "$(DATA)/tls/self.pem $(DATA)/tls/self.key" \
		--data "$(DATA)"
else
	@echo "natter: open http://localhost:$(lastword $(subst :, ,$(LISTEN)))/"
	@exec build/natter serve --listen "$(LISTEN)" --data "$(DATA)"
endif

test: ## all tests; the last line says how many passed and failed
	@tools/setup --test
	@tools/test

conformance: ## RFC 6455 and RFC 7692, case by case; the report goes to build/conformance/report.html
	@tools/setup --test
	@tools/test conformance
	@echo "see build/conformance/report.html"

coverage: ## which lines of src/ the tests run; build-coverage/report.txt lists the others
	@tools/setup --test
	@tools/coverage

fuzz: ## each fuzz target for FUZZ_SECONDS (60)
	@tools/setup --test
	@tools/test fuzz --fuzz-seconds $(FUZZ_SECONDS)

sim: ## the whole server in virtual time with faults: for SECONDS (60), or SEEDS many
	@tools/setup --test
	@tools/build release tests/sim/natter_sim
	@build/tests/sim/natter_sim --kept tests/sim/seeds.txt --jobs 2 $(if $(SEEDS),--seeds $(SEEDS),--seconds $(SECONDS))

faults: ## the real server killed ROUNDS (300) times, and thousands of peers that mean no good
	@tools/setup --test
	@tools/build release
	@tests/faults/run --natter build/natter --rounds $(ROUNDS) --long

handover: ## a new process takes over from the old one HANDOVERS (100) times, under load and with a ledger
handover:
	@tools/build release
	@tests/faults/run --natter build/natter --rounds $(or $(HANDOVERS),100) --long --only "hand-over"

soak: ## mixed traffic with faults for MINUTES (10), all checks on; draws build/soak/soak.svg
	@tools/setup --test
	@tools/build release
	@tests/soak/run --natter build/natter --minutes $(MINUTES)

mutants: ## plants known bugs, one at a time, and looks what finds them; writes docs/reference/mutants.md
	@tools/setup --test
	@tools/build release
	@tests/mutants/run

bench: build ## how fast it is on this machine, beside the bare floors and its peers; takes half an hour
	@tools/setup --bench
	@tools/build release
	@bench/run

bench-growth: build ## how costs grow with members, rooms and events
	@bench/growth

bench-check: build ## fails if something has become slower than recorded
	@bench/check

format: ## put C files into the house's form
	@tools/setup --lint
	@clang-format -i $(C_FILES)

lint: build ## form, clang-tidy, types of the page and the library, tidy
	@tools/setup --lint
	clang-format --dry-run --Werror $(C_FILES)
	tools/lint
	npm run lint
	@$(MAKE) --no-print-directory tidy

tidy: ## the rules of the house that no compiler knows
	@python3 tests/tidy/tidy.py

install: ## into PREFIX (/usr/local), under DESTDIR where that is set
	@tools/setup
	@MESON_OPTIONS="-Dprefix=$(PREFIX)" tools/build release
	@DESTDIR="$(DESTDIR)" meson install -C build --no-rebuild

deb: ## a Debian package, in build/deb/
	@tools/setup --deb
	@tools/deb

clean: ## remove everything built; downloaded packages and data stay
	@rm -rf build build-asan build-tsan build-fuzz build-coverage build-mutants web/dist sdk/js/dist

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
