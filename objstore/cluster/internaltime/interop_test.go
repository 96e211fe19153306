// SPDX-License-Identifier: Apache-2.0

//go:build interop

package internaltime

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore/cluster/swiftpeer"
)

// interopTexts is how many texts Swift's own code is asked for: python3-swift,
// or the source in the folder $SWIFT_SRC. `make cluster-interop` runs the test.
const interopTexts = 20_000

// randomText is a time or a triple, and sometimes has a fault.
func randomText(r *rand.Rand) string {
	a := randomTime(r)
	text := a.Short()
	switch r.IntN(6) {
	case 0:
		text = a.String()
	case 1:
		text = fmt.Sprintf("%.*f", r.IntN(9), float64(a.Units)/1e5)
	case 2:
		b, c := randomTime(r), randomTime(r)
		text = Triple{a, Of(b.Units), Of(c.Units)}.String()
	case 3:
		text = Triple{a, a, Of(at)}.String()
	}
	if r.IntN(4) == 0 {
		i := r.IntN(len(text))
		text = text[:i] + string("0_+-.g9"[r.IntN(7)]) + text[i+r.IntN(2):]
	}
	return text
}

// longFraction matches more than five digits. Versions of Swift round them
// differently, and no server writes so many.
var longFraction = regexp.MustCompile(`\.[0-9]{6}`)

func TestInterop(t *testing.T) {
	r := newRand(t)
	texts := make([]string, interopTexts)
	for i := range texts {
		texts[i] = randomText(r)
	}
	compared := 0
	for i, line := range swiftpeer.AskAll(t, texts, "testdata/swift_times.py") {
		var want [2][]*string
		require.NoError(t, json.Unmarshal(line, &want))
		compared += compareTime(t, texts[i], want[0]) + compareTriple(t, texts[i], want[1])
	}
	t.Logf("%d times and triples compared", compared)
	require.Greater(t, compared, interopTexts/2)
}

// compareTime returns 1 if both read the text. Python's float and int read more
// than the texts of servers: a fault of the text may be read by Swift alone.
func compareTime(t *testing.T, text string, want []*string) int {
	got, err := Parse(text)
	if want == nil {
		require.Error(t, err, text)
		return 0
	}
	if err != nil || longFraction.MatchString(text) {
		return 0
	}
	require.Equal(t, *want[0], got.String(), text)
	require.Equal(t, *want[1], got.Short(), text)
	require.Equal(t, *want[2], got.Normal(), text)
	if want[3] != nil {
		require.Equal(t, *want[3], got.Invert().String(), text)
	}
	return 1
}

func compareTriple(t *testing.T, text string, want []*string) int {
	got, err := ParseTriple(text)
	if want == nil {
		require.Error(t, err, text)
		return 0
	}
	if err != nil || longFraction.MatchString(text) {
		return 0
	}
	require.Equal(t, *want[0], got.Data.String(), text)
	require.Equal(t, *want[1], got.ContentType.String(), text)
	require.Equal(t, *want[2], got.Meta.String(), text)
	require.Equal(t, *want[3], got.String(), text)
	return 1
}
