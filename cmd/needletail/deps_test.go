// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const (
	fasthttpPath = "github.com/valyala/fasthttp"
	pebblePath   = "github.com/cockroachdb/pebble/v2"
)

// enginePackages are those of the store of objects.
var enginePackages = []string{
	"needletail/objstore/engine", "needletail/objstore/meta", "needletail/objstore/blob", "needletail/objstore/datafile",
	"needletail/objstore/device", "needletail/objstore/ec", "needletail/objstore/checksum", "needletail/objstore/encryption",
	"needletail/objstore/datafolder", "needletail/objstore/fsck",
}

// wings are the services of the proxy, the front before them, and what puts them
// together.
var wings = []string{
	"needletail/proxy$", "needletail/proxy/swift", "needletail/proxy/keystone", "needletail/proxy/glance",
	"needletail/proxy/metrics", "needletail/proxy/httpfront",
}

// but is a list without one of its members.
func but(list []string, member string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == member })
}

// importRules are the layers. A rule holds for the package named and all below
// it, except those in but. A banned path bans all below it too, unless it ends
// in "$".
var importRules = []struct {
	pkg    string
	but    []string
	banned []string
	why    string
}{
	{"needletail/objstore", []string{"needletail/objstore/"}, []string{"needletail/", "github.com/", "golang.org/"}, "the contract imports the standard library alone"},
	{"needletail/objstore", nil, []string{"needletail/proxy", "needletail/auth", "needletail/cmd", "needletail/bench", fasthttpPath}, "storage knows nothing of what is above it"},
	{"needletail/objstore/meta", nil, []string{"needletail/objstore/datafile", "needletail/objstore/ec", "needletail/objstore/engine", "needletail/objstore/datafolder", "needletail/objstore/fsck"}, "the index knows nothing of data files"},
	{"needletail/objstore/datafile", nil, []string{pebblePath + "$", "needletail/objstore/meta", "needletail/objstore/engine", "needletail/objstore/datafolder", "needletail/objstore/fsck"}, "the format of a file knows nothing of the index"},
	{"needletail/objstore/device", nil, []string{pebblePath + "$", "needletail/objstore/meta", "needletail/objstore/engine", "needletail/objstore/datafile", "needletail/objstore/datafolder", "needletail/objstore/fsck"}, "a disk knows nothing of what is on it"},
	{"needletail/objstore/blob", nil, []string{pebblePath + "$", "needletail/objstore/meta", "needletail/objstore/engine", "needletail/objstore/datafolder", "needletail/objstore/fsck", "needletail/ring"}, "where a body lies does not depend on the index or on who chose the devices"},
	{"needletail/objstore/datafolder", nil, []string{pebblePath + "$", "needletail/objstore/engine", "needletail/objstore/fsck", "needletail/objstore/blob", "needletail/ring"}, "the folder of a store is found and locked before a store or a tool opens it"},
	{"needletail/objstore/fsck", nil, []string{pebblePath + "$", "needletail/objstore/engine", "needletail/objstore/blob", "needletail/ring"}, "the offline tools read the index and the data files, and know no open store"},
	{"needletail/objstore/ec", nil, []string{pebblePath, "needletail/objstore"}, "Reed-Solomon is arithmetic"},
	{"needletail/objstore/cluster/fragment", nil, []string{pebblePath, "needletail/"}, "erasure coding is arithmetic"},
	{"needletail/objstore/cluster/swiftcrypto", nil, []string{"needletail/objstore/", "github.com/", "golang.org/"}, "a stored form is a function of keys, heads and bytes"},
	{"needletail/objstore/encryption", nil, []string{"needletail/objstore/", "github.com/", "golang.org/"}, "encryption works on any Store, with the standard library alone"},
	{"needletail/objstore/checksum", nil, []string{pebblePath, "needletail/objstore/"}, "digests are a leaf"},
	{"needletail/objstore/oserror", nil, []string{"needletail/", "github.com/", "golang.org/"}, "what an error of the system means depends on nothing"},
	{"needletail/objstore/twin", nil, append([]string{"needletail/objstore$", "needletail/ring"}, enginePackages...), "two databases in step know no key of the index or of the identities"},
	{"needletail/objstore/durable", nil, append([]string{"needletail/objstore$", "needletail/objstore/twin", "needletail/ring"}, enginePackages...), "the database under the index and under identities is a leaf: neither knows of the other"},
	{"needletail/objstore/replacefile", nil, []string{"needletail/", pebblePath + "$"}, "replacing a file depends on nothing but the file system below Pebble"},
	{"needletail/ring", nil, []string{"needletail/", "github.com/", "golang.org/"}, "placement is a leaf"},
	{"needletail/auth", []string{"needletail/auth/identity", "needletail/auth/token"}, []string{"needletail/proxy", "needletail/objstore/", fasthttpPath}, "who may do what does not depend on HTTP or on the engine"},
	{"needletail/auth/identity", nil, append([]string{"needletail/proxy", fasthttpPath}, enginePackages...), "identities lie in a database of their own; they share how it survives its disk, and nothing else"},
	{"needletail/auth/token", nil, append([]string{"needletail/proxy", fasthttpPath, "needletail/objstore/durable", "needletail/auth/identity"}, enginePackages...), "keys are files: they share how a file is replaced, and nothing else of the storage"},
	{"needletail/auth/passwordhash", nil, []string{"needletail/", "github.com/"}, "verifying a hash is arithmetic"},
	{"needletail/proxy", []string{"needletail/proxy/httpfront"}, []string{fasthttpPath}, "one package knows the HTTP library"},
	{"needletail/proxy", nil, []string{"needletail/objstore/", "needletail/cmd"}, "the proxy knows the Store contract, and nothing below it"},
	{"needletail/proxy/web", nil, []string{"needletail/proxy/", "needletail/objstore/"}, "the hall knows no wing"},
	{"needletail/proxy/httpfront", nil, wings, "the front knows the hall alone"},
	{sharedLeaf, nil, []string{"needletail/"}, "moving bytes between sockets is a leaf"},
	{"needletail/proxy/pyjson", nil, []string{"needletail/"}, "an encoding is a leaf"},
	{"needletail/proxy/pyxml", nil, []string{"needletail/"}, "an encoding is a leaf"},
	{"needletail/proxy/option", nil, []string{"needletail/", "github.com/", "golang.org/"}, "the type of a value is a leaf"},
	{"needletail/proxy/statsd", nil, []string{"needletail/", "github.com/", "golang.org/"}, "figures on their way out are a leaf"},
	{"needletail/proxy/metrics", nil, wings, "a wing knows the hall, and no other wing"},
	{"needletail/proxy/keystone", nil, but(wings, "needletail/proxy/keystone"), "a wing knows the hall, and no other wing"},
	{"needletail/proxy/glance", nil, but(wings, "needletail/proxy/glance"), "a wing knows the hall, and no other wing"},
	{"needletail/proxy/swift", nil, but(wings, "needletail/proxy/swift"), "a wing knows the hall, and no other wing"},
	{"needletail/proxy/swift", []string{"needletail/proxy/swift/"}, []string{"needletail/proxy/swift/"}, "the vocabulary of Swift's wing knows no feature"},
	{"needletail/proxy/swift/listing", nil, []string{"needletail/proxy/swift/middleware", "needletail/proxy/swift/controllers", "needletail/proxy/swift/pipeline"}, "a page is text: no feature takes part"},
	{"needletail/proxy/swift/feature", nil, []string{"needletail/proxy/swift/middleware", "needletail/proxy/swift/controllers", "needletail/proxy/swift/pipeline", "needletail/proxy/swift/listing"}, "the contract of features knows no feature"},
	{"needletail/proxy/swift/controllers", nil, []string{"needletail/proxy/swift/middleware", "needletail/proxy/swift/pipeline"}, "controllers are the innermost handlers"},
	{"needletail/proxy/swift/middleware", nil, []string{"needletail/proxy/swift/middleware/", "needletail/proxy/swift/controllers", "needletail/proxy/swift/pipeline"}, "features do not know one another"},
	{"needletail/cmd/harness", nil, []string{"needletail/objstore", "needletail/proxy", "needletail/auth", "needletail/ring"}, "the harness drives the program from outside"},
	{"needletail/bench", nil, []string{"needletail/objstore", "needletail/proxy", "needletail/auth"}, "benchmarks speak HTTP"},
}

// sharedLeaf is the package between a client's socket and a server's: the front and
// a store speak of the same pipe.
const sharedLeaf = "needletail/objstore/pipe"

type listedPackage struct {
	ImportPath string
	Imports    []string
}

func listPackages(t *testing.T) []listedPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "needletail/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var pkgs []listedPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listedPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
	if len(pkgs) < 10 {
		t.Fatalf("go list found %d packages only", len(pkgs))
	}
	return pkgs
}

func TestImportRules(t *testing.T) {
	for _, p := range listPackages(t) {
		for _, imp := range p.Imports {
			if why := brokenRule(p.ImportPath, imp); why != "" {
				t.Errorf("%s imports %s: %s", p.ImportPath, imp, why)
			}
		}
	}
}

// brokenRule says why pkg may not import imp, or "".
func brokenRule(pkg, imp string) string {
	for _, rule := range importRules {
		if !within(pkg, rule.pkg) || excepted(pkg, rule.but) {
			continue
		}
		for _, banned := range rule.banned {
			if within(imp, banned) && imp != pkg && imp != sharedLeaf {
				return rule.why
			}
		}
	}
	return ""
}

func excepted(pkg string, but []string) bool {
	for _, b := range but {
		if within(pkg, b) {
			return true
		}
	}
	return false
}

// within says whether path is root or below it. A root that ends in "/" means
// what is below it only, one that ends in "$" itself only.
func within(path, root string) bool {
	if exact, ok := strings.CutSuffix(root, "$"); ok {
		return path == exact
	}
	if strings.HasSuffix(root, "/") {
		return strings.HasPrefix(path, root)
	}
	return path == root || strings.HasPrefix(path, root+"/")
}

func TestImportRulesCanFail(t *testing.T) {
	f := func(pkg, imp string, broken bool) {
		t.Helper()
		if got := brokenRule(pkg, imp) != ""; got != broken {
			t.Errorf("%s importing %s: broken is %v, want %v", pkg, imp, got, broken)
		}
	}
	f("needletail/objstore", "needletail/auth", true)
	f("needletail/objstore", pebblePath, true)
	f("needletail/objstore/engine", pebblePath, false)
	f("needletail/objstore/datafile", pebblePath+"/vfs", false)
	f("needletail/objstore/datafile", pebblePath, true)
	f("needletail/proxy/swift/middleware/copy", "needletail/proxy/swift/middleware/slo", true)
	f("needletail/proxy/swift/middleware/copy", "needletail/proxy/swift/controllers", true)
	f("needletail/proxy/swift/middleware/copy", "needletail/proxy/swift", false)
	f("needletail/proxy/swift/middleware/copy", "needletail/proxy/swift/feature", false)
	f("needletail/proxy/swift/middleware/copy", "needletail/proxy/swift/pipeline", true)
	f("needletail/proxy/swift/feature", "needletail/proxy/swift/middleware/copy", true)
	f("needletail/proxy/option", "needletail/proxy/web", true)
	f("needletail/proxy/swift/middleware/copy", "needletail/proxy/glance", true)
	f("needletail/proxy/swift/controllers", "needletail/proxy/swift/pipeline", true)
	f("needletail/proxy/swift/pipeline", "needletail/proxy/swift/controllers", false)
	f("needletail/proxy/swift", "needletail/proxy/swift/listing", true)
	f("needletail/proxy/swift", "needletail/proxy/web", false)
	f("needletail/proxy/web", "needletail/proxy/swift", true)
	f("needletail/proxy/web", "needletail/proxy/pyjson", true)
	f("needletail/proxy/keystone", "needletail/proxy/swift", true)
	f("needletail/proxy/keystone", "needletail/proxy/web", false)
	f("needletail/proxy/glance", "needletail/proxy/keystone", true)
	f("needletail/proxy/glance", "needletail/proxy/glance/imageformat", false)
	f("needletail/proxy/metrics", "needletail/proxy/swift", true)
	f("needletail/proxy/httpfront", "needletail/proxy/web", false)
	f("needletail/proxy/swift/middleware/slo", "needletail/objstore/engine", true)
	f("needletail/proxy/glance", "needletail/objstore/checksum", true)
	f("needletail/proxy/glance", "needletail/objstore", false)
	f("needletail/proxy/web", fasthttpPath, true)
	f("needletail/proxy/httpfront", fasthttpPath, false)
	f("needletail/ring", "needletail/objstore", true)
	f("needletail/objstore/replacefile", pebblePath+"/vfs", false)
	f("needletail/objstore/replacefile", pebblePath, true)
	f("needletail/objstore/replacefile", "needletail/objstore/durable", true)
	f("needletail/objstore/engine", "needletail/objstore/fsck", false)
	f("needletail/objstore/fsck", "needletail/objstore/engine", true)
	f("needletail/objstore/fsck", "needletail/objstore/datafolder", false)
	f("needletail/objstore/datafolder", "needletail/objstore/fsck", true)
	f("needletail/objstore/datafolder", "needletail/objstore/meta", false)
	f("needletail/objstore/meta", "needletail/objstore/datafolder", true)
	f("needletail/auth/identity", "needletail/objstore/datafolder", true)
	f("needletail/auth/token", "needletail/objstore/replacefile", false)
	f("needletail/objstore/twin", "needletail/objstore/durable", false)
	f("needletail/objstore/twin", pebblePath, false)
	f("needletail/objstore/twin", "needletail/objstore/meta", true)
	f("needletail/objstore/twin", "needletail/objstore", true)
	f("needletail/objstore/twin", "needletail/auth/identity", true)
	f("needletail/objstore/meta", "needletail/objstore/twin", false)
	f("needletail/objstore/durable", "needletail/objstore/twin", true)
	f("needletail/auth/identity", "needletail/objstore/twin", false)
	f("needletail/auth/identity", "needletail/objstore/meta", true)
	f("needletail/auth/token", "needletail/objstore/durable", true)
	f("needletail/auth/tempauth", "needletail/objstore/replacefile", true)
	f("needletail/auth/acl", "needletail/objstore", false)
	f("needletail/auth/acl", "needletail/objstore/engine", true)
	f("needletail/cmd/needletail", "needletail/objstore/engine", false)
	f("needletail/cmd/harness/oracle", "needletail/objstore", true)
	f("needletail/cmd/harness/oracle", "needletail/bench/saio", false)
}
