# Everything a contributor runs. `make` and `make help` list it.
export CGO_ENABLED ?= 0
GO ?= go
STATICCHECK ?= honnef.co/go/tools/cmd/staticcheck@v0.8.2
TESTENV := $(GO) run ./conformance/testenv/cmd/testenv --
BENCH ?= .
FUZZTIME ?= 20s

.DEFAULT_GOAL := help
.PHONY: help build demo run test test-short test-all test-bigquery lint bench fuzz clean prepare

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' Makefile

build: ## build the shell as bin/s3sql
	@$(GO) build -trimpath -o bin/s3sql ./cmd/s3sql

demo: build ## a tour on an embedded database in a temporary folder
	@./examples/demo/run.sh

run: build ## open the shell on file:// data in ./s3sql-data
	@./bin/s3sql "file://$(CURDIR)/s3sql-data"

test: prepare lint ## install what the tests need, start it, run everything, stop it
	@$(TESTENV) $(MAKE) --no-print-directory test-all

test-short: ## the unit tests, without the race detector and the services
	$(GO) test -short ./...

# Not part of test: the emulator needs clang, and a quarter of an hour for its first compilation.
test-bigquery: ## the replication target for BigQuery on an emulator, which takes clang to build
	cd conformance/bigquery && CGO_ENABLED=1 CC=clang CXX=clang++ $(GO) test -p 1 -timeout 60m ./...

lint: ## gofmt, go vet, staticcheck; the rules of the house are tests in internal/lint
	@fmt=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go' | grep -v /testdata/)); \
	  [ -z "$$fmt" ] || { echo "not formatted; run gofmt -w on"; echo "$$fmt"; exit 1; }
	@$(GO) vet ./...
	@$(GO) run $(STATICCHECK) ./...

bench: ## benchmarks; BENCH=regexp selects
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem ./...

fuzz: ## every fuzz target for FUZZTIME
	@for pkg in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
	    echo "$$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
	  done; done

clean: ## remove what the build made
	rm -rf bin

# The race detector needs a C compiler, conformance/duckdb one that links C++, and conformance/mariadb a server to compare with, which these packages bring without
# running it; nothing else here needs anything.
prepare:
	@command -v g++ >/dev/null || want="g++ libc6-dev"; \
	  PATH=$$PATH:/usr/sbin command -v mariadbd >/dev/null || want="$$want mariadb-server-core mariadb-client-core"; \
	  PATH=$$PATH:$$(echo /usr/lib/postgresql/*/bin | tr ' ' :) command -v postgres >/dev/null || want="$$want postgresql"; \
	  PATH=$$PATH:/usr/sbin command -v rabbitmq-server >/dev/null || want="$$want rabbitmq-server"; \
	  command -v npm >/dev/null || want="$$want nodejs npm"; \
	  [ -z "$$want" ] || { sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	  case "$$want" in *postgresql*) $$sudo mkdir -p $(NOCLUSTER) && echo "create_main_cluster = false" | $$sudo tee $(NOCLUSTER)/s3sql.conf >/dev/null;; esac; \
	  [ -e $(POLICY) ] || { made=$(POLICY); printf '#!/bin/sh\nexit 101\n' | $$sudo tee $(POLICY) >/dev/null && $$sudo chmod +x $(POLICY); }; \
	  $$sudo apt-get update -qq && $$sudo apt-get install -y -qq $$want && $$sudo rm -f $(NOCLUSTER)/s3sql.conf; code=$$?; \
	  [ -z "$$made" ] || $$sudo rm -f $(POLICY); \
	  case "$$want" in *rabbitmq*) $$sudo systemctl disable --quiet rabbitmq-server epmd.socket epmd.service 2>/dev/null;; esac; exit $$code; }

# Debian would make and start a cluster of PostgreSQL with the package; the tests make their own, in a temporary folder.
NOCLUSTER := /etc/postgresql-common/createcluster.d

# Debian starts the services that packages bring, unless this file says no; the tests start their own, in a temporary folder.
POLICY := /usr/sbin/policy-rc.d

# All tests of all modules, in the environment that testenv makes. The modules beside this one compare answers one by one: the race
# detector would find nothing there that it does not find here, and makes their peers several times slower. The suites on services
# come one after the other: their clocks run fast, and a crowded machine lets requests time out.
test-all:
	CGO_ENABLED=1 $(GO) test -race -timeout 15m $$($(GO) list ./... | grep -v /conformance/)
	CGO_ENABLED=1 $(GO) test -race -timeout 15m -p 1 ./conformance/...
	@for mod in $$(find conformance -name go.mod ! -path conformance/bigquery/go.mod); do dir=$$(dirname $$mod); \
	  if find $$dir -name '*_test.go' | grep -q .; then echo "module $$dir"; \
	    (cd $$dir && CGO_ENABLED=1 $(GO) test -timeout 15m ./...) || exit 1; fi; done
