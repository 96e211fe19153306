// SPDX-License-Identifier: Apache-2.0

//go:build interop

package swiftconf

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/objstore/cluster/swiftpeer"
	"needletail/ring"
)

// These tests ask OpenStack Swift's own code: python3-swift, or the source in
// the folder $SWIFT_SRC. `make cluster-interop` runs them.

// interopTexts is how many texts of each kind are compared.
const interopTexts = 1_500

// swift answers questions; see testdata/swift_conf.py.
func swift(t *testing.T, questions [][]any) []json.RawMessage {
	t.Helper()
	return swiftpeer.AskAll(t, questions, "testdata/swift_conf.py")
}

func newRand(t *testing.T) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func pick(r *rand.Rand, list ...string) string { return list[r.IntN(len(list))] }

// randomConf changes the sample here and there. Most results are read by Swift.
func randomConf(r *rand.Rand) string {
	lines := strings.SplitAfter(sample, "\n")
	for range r.IntN(4) {
		i := r.IntN(len(lines))
		switch r.IntN(6) {
		case 0:
			lines[i] = pick(r, " ", "\t", "  ") + lines[i]
		case 1:
			lines[i] = ""
		case 2:
			lines[i] += pick(r, "; c\n", "\n", "  more\n", " # c\n", "[DEFAULT]\nq = 5\n", "q = 5\n", lines[r.IntN(len(lines))])
		case 3:
			at := r.IntN(len(lines[i]) + 1)
			lines[i] = lines[i][:at] + pick(r, "%%", "%", "%(q)s", "%(swift_hash_path_prefix)s", "=", ":", " ", "\r", "\v", "]", "[", "0", "_", "-", "é", "A") + lines[i][at:]
		case 4:
			lines[i] = strings.ToUpper(lines[i])
		case 5:
			lines[i] = pick(r, "default = true\n", "deprecated = true\n", "ec_type = isa_l_rs_vand\n", "ec_num_parity_fragments = 5\n",
				"ec_duplication_factor = 2\n", "[storage-policy:03]\nname = x\n", "policy_type = replication\n", "aliases = GOLD\n")
		}
	}
	return strings.Join(lines, "")
}

// answerOf is this package's answer in the terms of the question.
func answerOf(t *testing.T, c *Config) string {
	t.Helper()
	latin := func(s string) string {
		var b strings.Builder
		for i := range len(s) {
			b.WriteRune(rune(s[i]))
		}
		return b.String()
	}
	var policies [][]any
	for _, p := range c.Policies {
		policies = append(policies, []any{p.Index, append([]string{p.Name}, p.Aliases...), p.Default, p.Deprecated,
			p.ECType, p.DataFragments, p.ParityFragments, p.SegmentBytes, p.DuplicationFactor})
	}
	l := c.Constraints
	versions := l.ValidAPIVersions
	if versions == nil {
		versions = []string{}
	}
	text, err := json.Marshal(map[string]any{
		"prefix": latin(c.Hash.Prefix), "suffix": latin(c.Hash.Suffix), "policies": policies,
		"limits": map[string]any{
			"max_file_size": l.MaxFileSize, "max_meta_name_length": l.MaxMetaNameLength, "max_meta_value_length": l.MaxMetaValueLength,
			"max_meta_count": l.MaxMetaCount, "max_meta_overall_size": l.MaxMetaOverallSize, "max_header_size": l.MaxHeaderSize,
			"max_object_name_length": l.MaxObjectNameLength, "max_account_name_length": l.MaxAccountNameLength,
			"max_container_name_length": l.MaxContainerNameLength, "container_listing_limit": l.ContainerListingLimit,
			"account_listing_limit": l.AccountListingLimit, "extra_header_count": l.ExtraHeaderCount,
			"valid_api_versions": versions, "auto_create_account_prefix": l.AutoCreateAccountPrefix,
		},
	})
	require.NoError(t, err)
	return string(text)
}

// stricter reports whether this package refuses on purpose what Swift takes.
func stricter(err error) bool {
	text := err.Error()
	for _, says := range []string{"cannot be written", "is not a number within", "out of range", "is unknown", "loses data", "data and parity fragments are more"} {
		if strings.Contains(text, says) {
			return true
		}
	}
	return false
}

func TestInteropConf(t *testing.T) {
	r := newRand(t)
	texts := make([]string, interopTexts)
	questions := make([][]any, interopTexts)
	for i := range texts {
		texts[i] = randomConf(r)
		questions[i] = []any{"conf", texts[i]}
	}
	same, refused := 0, 0
	for i, answer := range swift(t, questions) {
		c, err := Parse([]byte(texts[i]))
		switch {
		case string(answer) == "null":
			require.Error(t, err, "%q", texts[i])
			refused++
		case err != nil:
			require.True(t, stricter(err), "%v: %q", err, texts[i])
		default:
			require.JSONEq(t, string(answer), answerOf(t, c), "%q", texts[i])
			same++
		}
	}
	t.Logf("%d files are equal, %d are refused by both, %d by this package alone", same, refused, interopTexts-same-refused)
	require.Greater(t, same, interopTexts/4)
	require.Greater(t, refused, interopTexts/10)
}

func TestInteropAffinity(t *testing.T) {
	r := newRand(t)
	places := [][2]int{{1, 1}, {1, 2}, {2, 1}, {2, 2}, {3, 1}}
	var questions [][]any
	var want []string
	add := func(kind, text string, answer any, err error) {
		list := "null"
		if err == nil {
			list = fmt.Sprint(answer)
		}
		questions = append(questions, []any{kind, text, places})
		want = append(want, list)
	}
	for range interopTexts {
		var pieces []string
		for range r.IntN(4) {
			piece := fmt.Sprintf("r%d", r.IntN(4))
			if r.IntN(2) == 0 {
				piece += fmt.Sprintf("z%d", r.IntN(3))
			}
			pieces = append(pieces, piece)
		}
		text := pick(r, "", " ") + strings.Join(pieces, pick(r, ",", " , "))
		if r.IntN(8) == 0 {
			at := r.IntN(len(text) + 1)
			text = text[:at] + pick(r, "z", "r", ",", "=", "1", " ", "-") + text[at:]
		}
		w, err := ParseWriteAffinity(text)
		add("write", text, numbersOf(places, func(d *ring.Device) any { return w.Local(d) }), err)
		for strings.Contains(text, ",") && r.IntN(3) > 0 {
			text = strings.Replace(text, ",", fmt.Sprintf("=%d;", r.IntN(5)), 1)
		}
		text = strings.ReplaceAll(text, ";", ",") + fmt.Sprintf("=%d", r.IntN(5))
		a, err := ParseReadAffinity(text)
		add("read", text, numbersOf(places, func(d *ring.Device) any {
			if n := a.Number(d); n != math.MaxInt {
				return n
			}
			return int64(1) << 32
		}), err)
	}
	read := 0
	for i, answer := range swift(t, questions) {
		require.JSONEq(t, want[i], string(answer), "%v", questions[i])
		if want[i] != "null" {
			read++
		}
	}
	t.Logf("%d of %d affinities are read", read, len(want))
	require.Greater(t, read, len(want)/3)
}

func numbersOf(places [][2]int, number func(*ring.Device) any) string {
	list := make([]any, len(places))
	for i, p := range places {
		list[i] = number(&ring.Device{Region: p[0], Zone: p[1]})
	}
	text, err := json.Marshal(list)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func TestInteropNodeCount(t *testing.T) {
	texts := []string{"7", "2 * replicas", "3 * REPLICAS", "2*replicas", "2 * primaries", "", "2 *", " 5 ", "1 * replicas extra", "x"}
	var questions [][]any
	for _, text := range texts {
		questions = append(questions, []any{"count", text, 3})
	}
	for i, answer := range swift(t, questions) {
		c, err := ParseNodeCount(texts[i])
		if string(answer) == "null" {
			require.Error(t, err, texts[i])
			continue
		}
		require.NoError(t, err, texts[i])
		require.Equal(t, string(answer), fmt.Sprint(c.Of(3)), texts[i])
	}
}
