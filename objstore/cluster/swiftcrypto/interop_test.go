// SPDX-License-Identifier: Apache-2.0

//go:build interop

package swiftcrypto

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// interopObjects is how many objects go through Swift's own filters: of
// python3-swift, or of the source in the folder $SWIFT_SRC. `make cluster-interop`
// runs the test.
const (
	interopObjects = 500
	// vectorsMost is how many of them are committed.
	vectorsMost = 40
)

// played is a request for testdata/swift_crypto.py.
type played struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Secrets map[string]string `json:"secrets"`
	Active  string            `json:"active"`
	Version string            `json:"version"`
	Request map[string]string `json:"request"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
}

// outcome is an answer of the program.
type outcome struct {
	Status           int
	Headers, Footers map[string]string
	Body             string
	Conditions       map[string]string
}

var rewrite = flag.Bool("rewrite", false, "write the vectors anew")

// playSwift plays requests to Swift.
func playSwift(t *testing.T, lines []played) []outcome {
	t.Helper()
	var in bytes.Buffer
	for _, line := range lines {
		require.NoError(t, json.NewEncoder(&in).Encode(line))
	}
	cmd := exec.Command("/usr/bin/python3", "testdata/swift_crypto.py")
	cmd.Env = append(os.Environ(), "PYTHONPATH="+os.Getenv("SWIFT_SRC"), "PYTHONDONTWRITEBYTECODE=1")
	cmd.Stdin = &in
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	require.NoError(t, err, complaints.String())
	texts := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	require.Len(t, texts, len(lines))
	all := make([]outcome, len(lines))
	for i, text := range texts {
		require.NoError(t, json.Unmarshal(text, &all[i]))
	}
	return all
}

func (v *vector) played(method string) played {
	return played{Method: method, Path: "/v1/" + v.Account + "/" + v.Container + "/" + v.Object,
		Secrets: v.Secrets, Active: v.Active, Version: v.Version, Request: map[string]string{}}
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

func randomName(r *rand.Rand, slashes bool) string {
	var b strings.Builder
	for range 1 + r.IntN(6) {
		b.WriteString(pick(r, "a", "Z", "0", "ü", "日本", "🪡", " ", "%", "+", "\"", "\\", "é", "\u0301", "~", "\x7f", "\t", "ÿ", "Ã¼"))
		if slashes {
			b.WriteString(pick(r, "", "", "/", "//"))
		}
	}
	return b.String()
}

// randomVector is an object with everything that the format has.
func randomVector(r *rand.Rand) vector {
	v := vector{Account: pick(r, "AUTH_", "", ".") + randomName(r, false), Container: randomName(r, false),
		Object: pick(r, "", "", "/") + randomName(r, true), Secrets: map[string]string{}, Meta: map[string]string{},
		Version: pick(r, "", "1", "2", "3")}
	if v.Version == "1" {
		v.Account, v.Container = "AUTH_a", "c"
	}
	for range 1 + r.IntN(3) {
		secret := make([]byte, secretMinBytes+r.IntN(40))
		for i := range secret {
			secret[i] = byte(r.Uint32())
		}
		v.Active = pick(r, "", "2027", "näme", "a_b")
		v.Secrets[v.Active] = base64Of(secret)
	}
	for range r.IntN(4) {
		value := make([]byte, 1+r.IntN(40))
		for i := range value {
			value[i] = byte(' ' + 1 + r.IntN(255-' ')) // no control and no space, which heads lose at the ends
		}
		v.Meta[pick(r, "Color", "Dot.Ted", "X", "A-B-1")] = latin1OfUTF8(string(value))
	}
	v.Listed = pick(r, "", "", emptyMD5, "d3ac5112fe464b81184352ccba743001; slo_etag=\"x\"", emptyMD5+"; symlink_target=c/%C3%BC; symlink_target_bytes=9")
	body := make([]byte, pick(r, 0, 1, 15, 16, 17, r.IntN(100), r.IntN(3000)))
	for i := range body {
		body[i] = byte(r.Uint32())
	}
	v.Body = base64Of(body)
	return v
}

func TestInteropCrypto(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	var puts, gets []played
	all := make([]vector, interopObjects)
	first := make([]int, interopObjects)
	for i := range all {
		v := &all[i]
		*v = randomVector(r)
		p := v.played("PUT")
		p.Body = v.Body
		for name, value := range v.Meta {
			p.Request[userMeta+name] = value
		}
		if v.Listed != "" {
			p.Request[ListedETag] = v.Listed
		}
		puts = append(puts, p)

		// What needletail seals, for Swift.
		v.seal(t)
		p = v.played("GET")
		p.Headers = toWSGI(v.Stored.head(t))
		p.Body = v.Stored.Body
		if n := len(v.body(t)); n > 0 {
			first[i] = r.IntN(n)
			p.Request["Range"] = fmt.Sprintf("bytes=%d-", first[i])
		}
		gets = append(gets, p)
	}
	for i, got := range playSwift(t, puts) {
		require.Equal(t, 201, got.Status)
		all[i].Stored = storedForm{got.Headers, got.Footers, got.Body}
		all[i].check(t)
	}
	writeVectors(t, all)
	for i, got := range playSwift(t, gets) {
		compareGet(t, &all[i], got, first[i])
	}
}

// compareGet compares what Swift decrypted with the object.
func compareGet(t *testing.T, v *vector, got outcome, first int) {
	t.Helper()
	require.Less(t, got.Status, 300)
	require.Equal(t, string(v.body(t)[first:]), string(fromBase64(t, got.Body)))
	for name, value := range v.Meta {
		require.Equal(t, value, got.Headers[userMeta+name])
	}
	for name := range got.Headers {
		require.False(t, IsCrypto(name), name)
	}
	if len(v.body(t)) > 0 {
		b := (&Keys{secrets: map[string][]byte{"": nil}, version: DefaultVersion, writes: true}).Sealer(v.id()).Body()
		b.Seal(v.body(t))
		plain, _ := b.ETags()
		require.Equal(t, plain, strings.Trim(got.Headers[etagName], `"`))
	}
	if v.Listed != "" {
		require.Equal(t, v.Listed, got.Headers[ListedETag])
	}
}

// writeVectors writes the committed vectors anew.
func writeVectors(t *testing.T, all []vector) {
	if !*rewrite {
		return
	}
	text, err := json.MarshalIndent(all[:vectorsMost], "", " ")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(vectorsFile, append(text, '\n'), 0o644))
}

// Listings through Swift's decrypter, and the masks of conditions.
func TestInteropListing(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	var lists, conditions []played
	var objects, masked []vector
	var want []string
	for range 200 {
		v := randomVector(r)
		v.seal(t)
		conditions = append(conditions, v.played("HEAD"))
		conditions[len(conditions)-1].Request["If-None-Match"] = "0123"
		conditions[len(conditions)-1].Headers = toWSGI(v.Stored.head(t))
		masked = append(masked, v)
		row := v.Stored.Footers[ListedETag]
		if row == "" {
			continue
		}
		p := v.played("GET")
		p.Path = "/v1/" + v.Account + "/" + v.Container
		text, err := json.Marshal([]map[string]string{{"name": v.Object, "hash": row}})
		require.NoError(t, err)
		p.Headers, p.Body = map[string]string{"Content-Type": "application/json"}, base64Of(text)
		lists, objects = append(lists, p), append(objects, v)
		listed, err := v.keys(t).Listing(v.id().ContainerID()).ETag(row)
		require.NoError(t, err)
		want = append(want, listed)
	}
	for i, got := range playSwift(t, lists) {
		var rows []map[string]string
		require.NoError(t, json.Unmarshal(fromBase64(t, got.Body), &rows))
		require.Equal(t, want[i], rows[0]["hash"], "%+v", objects[i])
	}
	for i, got := range playSwift(t, conditions) {
		mac := masked[i].keys(t).Sealer(masked[i].id()).mac("0123")
		require.Contains(t, got.Conditions["If-None-Match"], mac)
		require.Equal(t, etagMAC, got.Conditions["X-Backend-Etag-Is-At"])
	}
}
