# make run     builds and starts the program; on an empty database it prints the link that sets it up
# make test    everything that must pass: format, lints, both databases, a browser
# make build   leaves target/release/ruh with everything embedded
# make dev     the debug program with the assets rebuilt as they change
# make pictures, make bench, make faults (long), make lint, make fmt

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
# The steps build on each other and cargo uses every core by itself.
.NOTPARALLEL:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := build
MAKEFLAGS += --no-print-directory
export PATH := $(HOME)/.cargo/bin:$(PATH)

target := $(or $(CARGO_TARGET_DIR),target)

.PHONY: build run test pictures dev bench faults fmt lint web install-web install-test debug

# --- what is built from -------------------------------------------------------------------------------------------

install-web:
	@scripts/install.sh web

install-test:
	@scripts/install.sh test

# Rebuilt only when something it is made of changed: newer assets make cargo build the program again.
web_sources := $(shell find web -type f -not -path '*/node_modules/*' -not -path 'web/dist/*') $(shell find src -name '*.html')
web_stamp := target/stamps/web
ifeq ($(and $(wildcard web/dist/app.js),$(wildcard web/dist/app.css)),)
.PHONY: $(web_stamp)
endif

$(web_stamp): $(web_sources)
	@npm --prefix web run --silent build
	@mkdir -p $(@D) && touch $@

web: install-web
	@$(MAKE) --silent $(web_stamp)

# --- targets ------------------------------------------------------------------------------------------------------

build: web
	@cargo build --release --locked --bin ruh

run: build
	@exec $(target)/release/ruh serve

debug: web
	@cargo build --locked --bin ruh

test:
	@scripts/test.sh

pictures: install-test debug
	@rm -rf target/pictures
	@cd tests/browser && RUH_BIN=$(abspath $(target))/debug/ruh node_modules/.bin/playwright test --project=pictures
	@echo "$$(ls target/pictures | wc -l) pictures in target/pictures"

dev: web
	@scripts/dev.sh

bench: install-test build
	@RUH_BIN=$(abspath $(target))/release/ruh scripts/postgres.sh --durable run bench/run.sh

# The heavy tests again and for longer, with a table at the end; KILLS=50 for fewer than 1,000 kills on each engine.
faults: install-test web
	@scripts/faults.sh

fmt:
	@cargo fmt --all

lint: web
	@cargo fmt --all --check
	@cargo clippy --locked --workspace --all-targets --quiet -- -D warnings
