# needletail: `make run` starts a server, `make test` tests it. Each target
# installs what it needs from Debian's packages and the Go module proxy.
SHELL := /bin/bash
GO    ?= go
APT   := DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends -o Dpkg::Options::=--force-confold
BIN   := bin/needletail
DATA  ?= ./data
LISTEN ?= 127.0.0.1:8080
# Where compare and growth leave their results, and the lines above these.
RESULTS ?= bench/results/latest
RESULTS_HEAD = echo "commit: $$(git describe --always --dirty)"; echo "kernel: $$(uname -r)"; \
  echo "file-system: $$(stat -f -c %T $${NEEDLETAIL_BENCH_DIR:-$${TMPDIR:-/tmp}})"; echo "made-by: make $@"

.PHONY: build run test race losses flips monitoring monitoring-packages fuzz corpus layout man headers e2e e2e-packages e2e-openstack e2e-openstack-packages conformance conformance-packages crash chaos strangers flood faults bench compare before growth benchdiff oracle ring-interop fragment-interop fragment-packages cluster-up cluster-down cluster-run cluster-store cluster-test cluster-packages cluster-cross cluster-chaos cluster-interop cluster-probe cluster-conformance cluster-oracle cluster-image cluster-compare rebuild lint fmt check clean

build: ## build bin/needletail
	$(GO) build -trimpath -o $(BIN) ./cmd/needletail

run: build ## start a server on $(LISTEN) with its data in $(DATA)
	$(BIN) serve --data $(DATA) --listen $(LISTEN)

test: check race ## vet, formatting, house rules, and every test under the race detector

race:
	$(GO) test -race -timeout 30m ./...
	cd bench/report && $(GO) test ./...

losses: ## read bodies with as many random losses as they must bear; CASES=100000
	$(GO) test -count=1 -timeout 60m -run TestAnyLosses -v ./objstore/blob -args -cases $(or $(CASES),100000)

crash: build ## kill -9 in a loop of 50 under verifying writers
	NEEDLETAIL_KILL_CYCLES=50 $(GO) test -timeout 30m -count=1 -run TestKill -v ./cmd/harness

chaos: ## eight disks that are lost, rot, err and hang under verifying writers and readers; CHAOS=10 is the size
	NEEDLETAIL_CHAOS=$(or $(CHAOS),10) $(GO) test -timeout 30m -count=1 -run 'TestChaos|TestTooManyLosses|TestIndexIsLost' -v ./objstore/engine

strangers: ## 200 of each kind of stranger against 100 legitimate requests a second, in 512 MiB with few descriptors
	$(GO) test -tags strangers -timeout 30m -count=1 -run TestStrangers -v ./cmd/harness

flood: ## 2,000 slow clients, 500 stalled bodies and 200 logins that leave, against 100 legitimate requests a second; SHARE=20 is a part of the flood
	NEEDLETAIL_FLOOD_SHARE=$(or $(SHARE),1) $(GO) test -tags strangers -timeout 10m -count=1 -run TestFlood -v ./cmd/harness

flips: ## flip single bits of the files of stopped and killed stores: all are told; FLIPS=2000
	NEEDLETAIL_FLIPS=$(or $(FLIPS),2000) $(GO) test -timeout 60m -count=1 -run 'TestFlips$$' -v ./cmd/needletail

monitoring: monitoring-packages ## docs/monitoring: the alerts in promtool, and every query of alerts and dashboard in a real Prometheus beside real servers
	$(GO) test -tags monitoring -count=1 -timeout 10m -run 'TestMonitoring$$' -v ./cmd/needletail

# No service of theirs may start by itself; the test starts its own.
monitoring-packages:
	@for p in promtool prometheus; do command -v $$p >/dev/null || missing=1; done; \
	if [ -n "$$missing" ]; then policy=/usr/sbin/policy-rc.d; \
	  [ -e $$policy ] || { printf '#!/bin/sh\nexit 101\n' >$$policy; chmod +x $$policy; trap "rm -f $$policy" EXIT; }; \
	  apt-get update -qq && $(APT) prometheus >/dev/null; fi

faults: ## every call of the disk below index and identities fails, with four causes, under work and at a start
	NEEDLETAIL_FAULTS=full $(GO) test -timeout 120m -count=1 -run 'TestNthCall|TestLogFails' -v ./objstore/durable ./objstore/engine ./auth/identity

fuzz: ## each fuzz target for FUZZTIME=20s; with SHARE=4 a quarter of them, another quarter with each commit
	@set -e; i=$$(git rev-list --count HEAD); \
	for t in $$(git grep -o '^func Fuzz[A-Za-z0-9_]*' -- '*_test.go' | sed 's|/[^/]*:func |:|'); do \
	  i=$$((i + 1)); [ $$((i % $(or $(SHARE),1))) = 0 ] || continue; echo "== $$t"; \
	  $(GO) test -run '^$$' -fuzz "^$${t#*:}\$$" -fuzztime $(or $(FUZZTIME),20s) -fuzzminimizetime 10x ./$${t%:*}; done

e2e: build e2e-packages ## real OpenStack clients and rclone against a real server
	$(GO) test -tags e2e -count=1 -timeout 40m -run TestE2E -v ./cmd/needletail ./cmd/harness

e2e-packages:
	@for p in openstack glance swift rclone qemu-img curl openssl; do command -v $$p >/dev/null || missing=1; done; \
	if [ -n "$$missing" ]; then apt-get update -qq && $(APT) python3-openstackclient python3-glanceclient \
	  python3-swiftclient rclone qemu-utils curl openssl >/dev/null; fi

e2e-openstack: e2e-openstack-packages ## with Debian's Keystone and glance-api in four topologies; RUN='b|lists' are parts, SHARES=20 fewer rounds, TRICKLE=5 seconds
	NEEDLETAIL_SHARES=$(or $(SHARES),200) NEEDLETAIL_TRICKLE_SECONDS=$(or $(TRICKLE),120) $(GO) test -tags openstack -count=1 -timeout 60m \
	  -run '$(if $(RUN),^TestOpenStack$$/^($(RUN))$$,TestOpenStack)' -v ./cmd/harness

cluster-chaos: cluster-packages ## servers killed, hung, full, slow and cut off under verifying clients of Swift's proxy, and the same for needletail's; DURATION=10m each, SEED=, PROXY=needletail
	NEEDLETAIL_CLUSTER_CHAOS_DURATION=$(or $(DURATION),10m) NEEDLETAIL_CLUSTER_CHAOS_SEED=$(SEED) NEEDLETAIL_CLUSTER_CHAOS_PROXY=$(PROXY) \
	  $(GO) test -tags cluster -count=1 -timeout 120m -run 'TestClusterChaos$$' -v ./cmd/harness

# No service of theirs may start by itself; the test starts its own.
e2e-openstack-packages:
	@for p in openstack glance keystone-manage glance-manage mariadbd memcached uwsgi; do command -v $$p >/dev/null || missing=1; done; \
	if [ -n "$$missing" ]; then policy=/usr/sbin/policy-rc.d; \
	  [ -e $$policy ] || { printf '#!/bin/sh\nexit 101\n' >$$policy; chmod +x $$policy; trap "rm -f $$policy" EXIT; }; \
	  apt-get update -qq && $(APT) python3-openstackclient python3-glanceclient keystone glance-api mariadb-server \
	  python3-pymysql memcached python3-memcache uwsgi-core uwsgi-plugin-python3 >/dev/null; fi

conformance: conformance-packages ## OpenStack Swift's own functional tests (of SWIFT_SRC, or Debian's) against a real server
	$(GO) run ./cmd/harness/conformance $(if $(SWIFT_SRC),-swift-src $(SWIFT_SRC)) $(if $(FILES),-files $(FILES)) $(if $(RUN),-run $(RUN))

conformance-packages:
	@/usr/bin/python3 -c 'import eventlet, keystoneclient, mock, pytest, pytest_timeout, swift, swiftclient' 2>/dev/null || \
	  { apt-get update -qq && $(APT) python3-swift python3-swiftclient python3-keystoneclient python3-mock \
	  python3-pytest python3-pytest-timeout >/dev/null; }

bench: ## upload and download throughput over loopback, with its floor
	$(GO) test -run '^$$' -bench . -benchtime 3x -timeout 60m ./bench

compare: ## needletail beside nginx and OpenStack Swift, one load, in turns, one table; MINIO=BINARY adds that
	@for p in nginx memcached swift-proxy-server swift-object-server swift-container-server swift-account-server; do \
	  command -v $$p >/dev/null || missing=1; done; \
	if [ -n "$$missing" ]; then apt-get update -qq && $(APT) nginx-light memcached swift-proxy swift-object \
	  swift-container swift-account >/dev/null; fi
	@mkdir -p $(RESULTS)
	set -o pipefail; { $(RESULTS_HEAD); NEEDLETAIL_COMPARE_MINIO=$(MINIO) $(GO) test -tags compare -run '^$$' -bench 'BenchmarkCompare|BenchmarkCold' -benchtime 1x -timeout 90m ./bench; } | tee $(RESULTS)/compare.txt
	cd bench/report && $(GO) run . compare $(abspath $(RESULTS))/compare.txt >$(abspath $(RESULTS))/compare.md

before: ## the tree beside an earlier build, in alternating rounds: make before OLD=BINARY
	NEEDLETAIL_BENCH_BEFORE=$(abspath $(OLD)) $(GO) test -tags compare -run '^$$' -bench BenchmarkBefore -benchtime 1x -timeout 60m ./bench

growth: ## how cost grows with streams, sizes, objects, containers: numbers and curves (SVG)
	@mkdir -p $(RESULTS)
	set -o pipefail; { $(RESULTS_HEAD); $(GO) test -tags growth -run '^$$' -bench BenchmarkGrowth -benchtime 1x -timeout 90m ./bench; } | tee $(RESULTS)/growth.txt
	cd bench/report && $(GO) run . curves $(abspath $(RESULTS))/growth.txt $(abspath $(RESULTS))

benchdiff: ## two results beside one another: make benchdiff OLD=FILE NEW=FILE
	$(GO) run golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da $(OLD) $(NEW)

oracle: build ## the same requests to OpenStack Swift and to needletail; report what differs
	@for p in memcached swift-proxy-server swift-object-server swift-container-server swift-account-server; do \
	  command -v $$p >/dev/null || missing=1; done; \
	if [ -n "$$missing" ]; then apt-get update -qq && $(APT) memcached swift-proxy swift-object \
	  swift-container swift-account >/dev/null; fi
	$(GO) run ./cmd/harness/oracle -needletail $(BIN)

ring-interop: ## our rings and OpenStack Swift's own ring code (of SWIFT_SRC, or Debian's): 10,000 names, both directions
	@command -v swift-ring-builder >/dev/null || { apt-get update -qq && $(APT) swift >/dev/null; }
	SWIFT_SRC=$(SWIFT_SRC) $(GO) test -tags interop -count=1 -timeout 10m -run TestInterop -v ./ring

fragment-interop: fragment-packages ## our erasure coding and OpenStack's liberasurecode: whole fragments, decoded both ways
	$(GO) test -tags interop -count=1 -timeout 10m -run TestInterop -v ./objstore/cluster/fragment

fragment-packages:
	@/usr/bin/python3 -c 'from pyeclib.ec_iface import VALID_EC_TYPES as v; assert {"isa_l_rs_vand", "jerasure_rs_vand"} <= set(v)' 2>/dev/null || { apt-get update -qq && $(APT) python3-pyeclib libisal2 libjerasure2 >/dev/null; }

# The folder of the cluster of cluster-up.
CLUSTER ?= $${TMPDIR:-/tmp}/needletail-cluster

cluster-up: cluster-packages ## a real Swift of four nodes on this machine: POLICY=ec42 is the default policy, EC_TYPE=isa_l_rs_vand, ENCRYPTED=1, SWIFT_SRC=DIR
	$(GO) run ./cmd/harness/cluster up -dir $(CLUSTER) $(if $(POLICY),-policy $(POLICY)) $(if $(EC_TYPE),-ec-type $(EC_TYPE)) $(if $(ENCRYPTED),-encrypted) $(if $(SWIFT_SRC),-swift-src $(SWIFT_SRC))

cluster-down: ## end the cluster of cluster-up, and remove its folder
	$(GO) run ./cmd/harness/cluster down -dir $(CLUSTER)

cluster-run: ## a program inside the cluster of cluster-up: make cluster-run CMD='curl -i http://127.0.0.1:8080/info'
	@$(GO) run ./cmd/harness/cluster run -dir $(CLUSTER) $(or $(CMD),bash)

cluster-probe: cluster-packages conformance-packages $(if $(filter needletail,$(PROXY)),build) ## OpenStack Swift's own probe tests: FILES=test_sharder.py,test_object_expirer.py; PROXY=needletail in the place of Swift's proxy
	$(GO) run ./cmd/harness/cluster probe $(if $(FILES),-files $(FILES)) $(if $(RUN),-match '$(RUN)') $(if $(PROXY),-proxy $(PROXY)) -needletail $(BIN) \
	  $(if $(EC_TYPE),-ec-type $(EC_TYPE)) $(if $(SWIFT_SRC),-swift-src $(SWIFT_SRC)) $(if $(TESTS),-tests $(TESTS))

cluster-conformance: cluster-packages conformance-packages build ## Swift's functional tests against Swift's proxy and needletail's over the same servers; POLICY=ec42 FILES=test_slo.py PROXY=swift ENCRYPTED=1
	$(GO) run ./cmd/harness/conformance -cluster -needletail $(BIN) $(if $(POLICY),-policy $(POLICY)) $(if $(PROXY),-proxy $(PROXY)) $(if $(FILES),-files $(FILES)) \
	  $(if $(RUN),-match '$(RUN)') $(if $(EC_TYPE),-ec-type $(EC_TYPE)) $(if $(ENCRYPTED),-encrypted) $(if $(SWIFT_SRC),-swift-install $(SWIFT_SRC)) $(if $(TESTS)$(SWIFT_SRC),-swift-src $(or $(TESTS),$(SWIFT_SRC)))

cluster-oracle: cluster-packages build ## the requests of oracle through Swift's proxy and needletail's over the same servers; POLICY=ec42 ENCRYPTED=1
	$(GO) run ./cmd/harness/oracle -cluster -needletail $(BIN) $(if $(POLICY),-policy $(POLICY)) $(if $(ENCRYPTED),-encrypted) $(if $(SWIFT_SRC),-swift-src $(SWIFT_SRC))

cluster-store: ## the suite of every Store over the cluster of cluster-up, straight to its servers
	$(GO) test -tags cluster -c -o $(CLUSTER)/store.test ./objstore/cluster
	$(GO) run ./cmd/harness/cluster run -dir $(CLUSTER) $(CLUSTER)/store.test -test.run TestCluster -test.timeout 20m

cluster-test: cluster-packages ## the tests that start clusters themselves
	$(GO) test -tags cluster -count=1 -timeout 30m ./cmd/harness/swiftcluster ./bench/saio
	$(GO) test -tags cluster -count=1 -timeout 30m -run WithSwift ./objstore/cluster

cluster-cross: cluster-packages ## OBJECTS=3000 objects through Swift's proxy and needletail's over one cluster, read through the other, Swift's daemons after; SEED=, POLICIES=gold,ec42 KINDS=slo,dlo EC_TYPE= ENCRYPTED=1
	NEEDLETAIL_CROSS_OBJECTS=$(or $(OBJECTS),3000) NEEDLETAIL_CROSS_SEED=$(SEED) NEEDLETAIL_CROSS_POLICIES=$(POLICIES) \
	  NEEDLETAIL_CROSS_KINDS='$(KINDS)' NEEDLETAIL_CROSS_EC_TYPE=$(EC_TYPE) NEEDLETAIL_CROSS_ENCRYPTED=$(ENCRYPTED) \
	  $(GO) test -tags cluster -count=1 -timeout 120m -run 'TestCross$$' -v ./cmd/harness

cluster-image: cluster-packages e2e-packages ## an image of 1 GB into a cluster and out of it with needletail as Keystone, Glance and proxy; tokens of two needletails and Swift's proxy at each other
	$(GO) test -tags cluster -count=1 -timeout 20m -run 'TestClusterImage$$' -v ./cmd/harness

cluster-compare: cluster-packages fragment-packages ## Swift's proxy and needletail's over the same servers, in turns; SHAPES=policy=gold/op=PUT EC_TYPE=isa_l_rs_vand
	@mkdir -p $(RESULTS)
	set -o pipefail; { $(RESULTS_HEAD); $(GO) test -tags interop -run '^$$' -bench 'Encode|Decode|Pyeclib' -timeout 20m ./objstore/cluster/fragment; } | tee $(RESULTS)/fragments.txt
	cd bench/report && $(GO) run . fragments $(abspath $(RESULTS))/fragments.txt >$(abspath $(RESULTS))/fragments.md
	set -o pipefail; { $(RESULTS_HEAD); NEEDLETAIL_CLUSTER_EC_TYPE=$(EC_TYPE) $(GO) test -tags compare -run '^$$' -bench 'BenchmarkCluster$(if $(SHAPES),/$(SHAPES))' \
	  -benchtime 1x -timeout 90m ./bench; } | tee $(RESULTS)/cluster-compare.txt; missed=$$?; \
	cd bench/report && $(GO) run . compare $(abspath $(RESULTS))/cluster-compare.txt >$(abspath $(RESULTS))/cluster-compare.md && exit $$missed

# No service of theirs may start by itself; a cluster starts its own.
cluster-packages:
	@for p in memcached rsync nsenter swift-proxy-server swift-object-server swift-container-server swift-account-server swift-object-expirer \
	  swift-ring-builder; do command -v $$p >/dev/null || missing=1; done; \
	if [ -n "$$missing" ]; then policy=/usr/sbin/policy-rc.d; \
	  [ -e $$policy ] || { printf '#!/bin/sh\nexit 101\n' >$$policy; chmod +x $$policy; trap "rm -f $$policy" EXIT; }; \
	  apt-get update -qq && $(APT) swift swift-proxy swift-account swift-container swift-object swift-object-expirer \
	  memcached rsync util-linux mount >/dev/null; fi

cluster-interop: fragment-interop ## fragment-interop, and timestamps, configuration, node order, verdicts, caches and tokens beside OpenStack Swift's own code (of SWIFT_SRC, or Debian's)
	@{ command -v memcached && /usr/bin/python3 -c 'import swift.proxy'; } >/dev/null 2>&1 || { apt-get update -qq && $(APT) python3-swift memcached >/dev/null; }
	SWIFT_SRC=$(SWIFT_SRC) $(GO) test -tags interop -count=1 -timeout 10m -run TestInterop -v $$($(GO) list ./objstore/cluster/... | grep -v /fragment$$) ./cmd/needletail

rebuild: ## lose and rebuild the index of 1,000,000 objects: time, equality of the dump, what data files alone tell
	NEEDLETAIL_REBUILD_OBJECTS=$${NEEDLETAIL_REBUILD_OBJECTS:-1000000} $(GO) test -count=1 -timeout 60m -run TestRebuildScale -v ./objstore/engine

STATICCHECK = $(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2

lint: check ## staticcheck beside the house rules, of all build tags
	$(STATICCHECK) ./...
	$(STATICCHECK) -tags e2e,openstack,strangers,compare,growth,cluster,monitoring ./cmd/... ./bench ./objstore/cluster ./bench/...
	$(STATICCHECK) -tags interop ./ring ./objstore/cluster/... ./cmd/needletail ./objstore/cluster/fragment

corpus: ## keep eight short inputs of each target that fuzzing on this machine found, in testdata/fuzz
	@cache=$$($(GO) env GOCACHE)/fuzz/needletail; \
	for t in $$(git grep -o '^func Fuzz[A-Za-z0-9_]*' -- '*_test.go' | sed 's|/[^/]*:func |:|'); do \
	  from=$$cache/$${t%:*}/$${t#*:}; to=$${t%:*}/testdata/fuzz/$${t#*:}; [ -d $$from ] || continue; \
	  mkdir -p $$to; find $$from -type f -size -2 | sort | head -8 | xargs -r cp -t $$to; done

layout: ## draw the layout of the packages into ARCHITECTURE.md
	$(GO) run ./cmd/layout -write

man: ## write the manual pages in docs/man from the commands' own help
	$(GO) test ./cmd/needletail -count=1 -run 'TestManPages$$' -rewrite

headers: ## begin each Go file with the line of the licence
	@for f in $$(git ls-files '*.go'); do head -1 $$f | grep -q '^// SPDX-License-Identifier: ' || \
	  sed -i '1i // SPDX-License-Identifier: Apache-2.0\n' $$f; done

fmt: ## format the code
	gofmt -w $$(git ls-files '*.go')

check: ## formatting and vet, without running tests
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$unformatted" ]; then echo "gofmt: $$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) vet -tags e2e,openstack,strangers,compare,growth,cluster,monitoring ./cmd/... ./bench ./objstore/cluster ./bench/...
	$(GO) vet -tags interop ./ring ./objstore/cluster/... ./cmd/needletail ./objstore/cluster/fragment
	cd bench/report && $(GO) vet ./...

clean: ## remove what build made
	rm -rf bin
