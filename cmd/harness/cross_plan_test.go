// SPDX-License-Identifier: Apache-2.0

//go:build cluster

package harness

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// crossObject is an object of a run, and what both proxies have to tell of the object.
type crossObject struct {
	kind, policy, container, name string
	// writer is the proxy that writes, and reader the other proxy.
	writer, reader *crossProxy
	headers        crossHeaders
	parts          []crossPart // of the content, in order
	versions       []crossVersion
	marker         bool   // a delete marker is the newest version
	lost           bool   // a request of the writing failed
	raw            string // query that reads the object itself: a manifest, a link
	dice           *rand.Rand
}

// crossPart is a piece of content: the bytes follow from the key.
type crossPart struct {
	key  string
	size int
}

// crossVersion is a version of an object in a versioned container.
type crossVersion struct {
	id    string
	parts []crossPart
}

func (o *crossObject) path() string { return crossPath(o.container, o.name) }

func (o *crossObject) String() string {
	return fmt.Sprintf("%s of %s, written by %s: %q in %q", o.kind, o.policy, o.writer.name, o.name, o.container)
}

// crossContent returns the bytes of parts.
func crossContent(parts []crossPart) []byte {
	total := 0
	for _, p := range parts {
		total += p.size
	}
	content, at := make([]byte, total), 0
	for _, p := range parts {
		source := rand.NewChaCha8(sha256.Sum256([]byte(p.key)))
		_, _ = source.Read(content[at : at+p.size])
		at += p.size
	}
	return content
}

// crossKinds are the kinds of objects with their share of a hundred.
var crossKinds = []struct {
	name  string
	share int
}{
	{"plain", 46}, {"chunked", 6}, {"posted", 10}, {"overwritten", 6}, {"copied", 4},
	{"slo", 8}, {"dlo", 6}, {"symlink", 4}, {"static symlink", 4}, {"versions", 6},
}

const (
	kib, mib = 1 << 10, 1 << 20
	// crossBigEach is the distance between objects of 20 MiB.
	crossBigEach = 750
)

// crossSizes are the sizes of plain objects, in turn.
var crossSizes = []int{
	4 * kib, 0, 64*kib - 1, 4 * kib, 1, mib, 4 * kib, 64*kib - 1, 4 * kib, mib + 1, 100, 4 * kib,
	0, 64*kib - 1, 4 * kib, 1, mib + 1, 4 * kib, 64*kib - 1, 5 * mib, 1000, 4 * kib, 64*kib + 1, 4 * kib,
	1, 64*kib - 1, 4 * kib, 0, mib, 4 * kib, 64*kib - 1, 4 * kib, mib - 1, 4 * kib, 64 * kib, 2*mib + 17,
}

// crossNames are forms of names; %d is the number of the object.
var crossNames = []string{
	"object-%05d", "dir/sub/%05d", "ünïcödé/日本語-%05d", "🪡🧵-%05d", "space and %% and + %05d", "a//b///%05d",
	"quotes'\"<>&;=,@:$!*()%05d", "back\\slash[]{}|^`~%05d", "controls\x01\x1f\x7f\t%05d", "new\r\nline-%05d",
	"./../%05d", "?query=1#fragment-%05d", "trailing/%05d/", "combining-e\u0301-%05d", "\ufffd\ufeff\u202e-%05d",
	"/leading/%05d", "%%2F%%00%05d", strings.Repeat("long", 250) + "-%05d", "\U0010ffff-%05d",
}

// crossContainers are the forms of containers' names, by job; %s is the policy.
var crossContainers = map[string]string{
	"objects":  "cross ünï&%%-%s",
	"parts":    "cross-parts-%s",
	"versions": "cross-versions-%s",
	"expiring": "cross-expiring-%s",
}

func crossContainer(job, policy string) string { return fmt.Sprintf(crossContainers[job], policy) }

// planCross makes the objects of a run. Equal seeds make equal objects.
func planCross(seed uint64, count int, policies, kinds []string, proxies []*crossProxy) []*crossObject {
	dice := rand.New(rand.NewPCG(seed, 0))
	var deck []string
	for _, k := range crossKinds {
		if len(kinds) == 0 || slices.Contains(kinds, k.name) {
			deck = append(deck, slices.Repeat([]string{k.name}, k.share)...)
		}
	}
	objects := make([]*crossObject, count)
	for i := range objects {
		turn := i / len(policies)
		o := &crossObject{
			kind: deck[dice.IntN(len(deck))], policy: policies[i%len(policies)],
			writer: proxies[turn%2], reader: proxies[1-turn%2],
			name: fmt.Sprintf(crossNames[dice.IntN(len(crossNames))], i),
			dice: rand.New(rand.NewPCG(seed, uint64(i)+1)),
		}
		o.container = crossContainer("objects", o.policy)
		if o.kind == "dlo" {
			o.name = "dlo " + o.name // a prefix of segments must not begin with a slash
		}
		size := crossSizes[dice.IntN(len(crossSizes))]
		if i%crossBigEach == 7 {
			o.kind, size = deck[0], 20*mib
		} else if i < 2*len(crossSizes) {
			size = crossSizes[i/2%len(crossSizes)]
		}
		o.headers = crossMetadata(o.dice)
		o.plan(fmt.Sprintf("%d/%d", seed, i), size)
		objects[i] = o
	}
	return objects
}

// plan chooses the content.
func (o *crossObject) plan(key string, size int) {
	switch o.kind {
	case "slo", "dlo":
		for n := range 1 + o.dice.IntN(4) {
			o.parts = append(o.parts, crossPart{fmt.Sprintf("%s/%d", key, n), 1 + o.dice.IntN([]int{100, 70_000, 300_000, mib}[o.dice.IntN(4)])})
		}
		if o.raw = "multipart-manifest=get"; o.kind == "slo" {
			o.headers["X-Object-Meta-Manifest"] = "static"
		}
	case "symlink", "static symlink":
		o.raw = "symlink=get"
		o.parts = []crossPart{{key, min(size, mib)}}
	case "versions":
		o.container = crossContainer("versions", o.policy)
		o.parts = []crossPart{{key, min(size, mib)}}
	default:
		o.parts = []crossPart{{key, size}}
	}
}

// crossStored are values of headers that are stored with an object.
var crossStored = map[string][]string{
	"Content-Type":        {"text/plain", "text/plain; charset=utf-8", `application/x-test; a="b;c"`, "IMAGE/PNG", "x"},
	"Content-Disposition": {"attachment; filename=\"a b.txt\"; filename*=UTF-8''%e2%82%ac.txt", "inline"},
	"Content-Encoding":    {"gzip", "identity, br"},
	"Content-Language":    {"de, en-GB"},
	"Cache-Control":       {"max-age=3600, no-transform"},
	"Expires":             {"Wed, 21 Oct 2065 07:28:00 GMT"},
	"X-Robots-Tag":        {"noindex"},
	"X-Delete-At":         {"4102444800", "9999999999"},
}

// crossMetadata rolls headers of a PUT or POST.
func crossMetadata(dice *rand.Rand) crossHeaders {
	h := crossHeaders{}
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for name := range crossStored {
			if !yield(name) {
				return
			}
		}
	}) {
		if values := crossStored[name]; dice.IntN(4) == 0 || name == "Content-Type" && dice.IntN(2) == 0 {
			h[name] = values[dice.IntN(len(values))]
		}
	}
	values := []string{"plain", "grün 日本 🪡", "with  two  spaces", strings.Repeat("v", 256), "a, b; c=\"d\"", "%41+%00", "=?utf-8?q?x?="}
	for n := range dice.IntN(6) {
		h[fmt.Sprintf("X-Object-Meta-%s%d", []string{"Name", "under_score.dot", "UPPER-lower-1"}[dice.IntN(3)], n)] = values[dice.IntN(len(values))]
	}
	if dice.IntN(30) == 0 {
		for n := range 80 {
			h[fmt.Sprintf("X-Object-Meta-Many-%d", n)] = values[n%3]
		}
	}
	return h
}
