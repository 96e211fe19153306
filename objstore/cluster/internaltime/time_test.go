// SPDX-License-Identifier: Apache-2.0

package internaltime

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
)

// at is a time that Swift's documentation uses.
const at objstore.Timestamp = 140246467704188

func TestForms(t *testing.T) {
	for name, c := range map[string]struct {
		time                    Time
		normal, internal, short string
	}{
		"without an offset": {Of(at), "1402464677.04188", "1402464677.04188", "1402464677.04188"},
		"with an offset":    {Time{at, 1}, "1402464677.04188", "1402464677.04188_0000000000000001", "1402464677.04188_1"},
		"a big offset":      {Time{at, 1<<64 - 1}, "1402464677.04188", "1402464677.04188_ffffffffffffffff", "1402464677.04188_ffffffffffffffff"},
		"zero":              {Time{}, "0000000000.00000", "0000000000.00000", "0000000000.00000"},
		"the last":          {Of(maxUnits), "9999999999.99999", "9999999999.99999", "9999999999.99999"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.normal, c.time.Normal())
			require.Equal(t, c.internal, c.time.String())
			require.Equal(t, c.short, c.time.Short())
			for _, form := range []string{c.internal, c.short} {
				parsed, err := Parse(form)
				require.NoError(t, err)
				require.Equal(t, c.time, parsed, form)
			}
		})
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]Time{
		"1402464677.04188_":    Of(at),
		"1402464677.04188_A":   {at, 10},
		"1402464677.041884":    Of(at), // rounded down
		"1402464677.041879":    Of(at), // rounded up
		"1402464677":           Of(140246467700000),
		"1402464677.":          Of(140246467700000),
		".5":                   Of(50000),
		"1e3":                  Of(100000000),
		"0":                    {},
		"0_2":                  {0, 2},
		"-0":                   {},
		"00001402464677.04188": Of(at), // more digits than the normal form
	} {
		got, err := Parse(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{
		"", ".", "_1", "x", "-1", "1_2_3", "1_g", "1_-2", "1_+2", "1_0x2", "1_00000000000000001", "nan", "inf", "0x10", "1 ", " 1",
		"10000000000", "9999999999.999999", "1e400", "1402464677,04188", strings.Repeat("1", maxTextBytes+1),
	} {
		_, err := Parse(text)
		require.ErrorIs(t, err, ErrTime, text)
	}
}

// TestParseBound: a text is read up to maxTextBytes, and not beyond.
func TestParseBound(t *testing.T) {
	text := "1" + "." + strings.Repeat("0", maxTextBytes-2)
	_, err := Parse(text)
	require.NoError(t, err)
	_, err = ParseTriple(text)
	require.NoError(t, err)
	_, err = Parse(text + "0")
	require.ErrorIs(t, err, ErrTime)
	_, err = ParseTriple(text + "0")
	require.ErrorIs(t, err, ErrTime)
}

// randomTime has times and offsets that are near one another, so that order
// depends on each digit.
func randomTime(r *rand.Rand) Time {
	t := Time{Units: objstore.Timestamp(r.Int64N(maxUnits + 1))}
	if r.IntN(2) == 0 {
		t.Units = at + objstore.Timestamp(r.IntN(3))
	}
	switch r.IntN(3) {
	case 0:
		t.Offset = r.Uint64()
	case 1:
		t.Offset = r.Uint64N(3)
	}
	return t
}

func newRand(t *testing.T) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// TestCompareIsTheOrderOfInternalForms: Swift compares the strings.
func TestCompareIsTheOrderOfInternalForms(t *testing.T) {
	r := newRand(t)
	for range 10_000 {
		a, b := randomTime(r), randomTime(r)
		require.Equal(t, strings.Compare(a.String(), b.String()), a.Compare(b), "%v and %v", a, b)
		require.Equal(t, a.String() < b.String(), a.Before(b))
	}
}

// TestInvertTurnsTheOrderAround: names of versions sort newest first.
func TestInvertTurnsTheOrderAround(t *testing.T) {
	require.Equal(t, "8597535322.95811", Of(at).Invert().String())
	require.Equal(t, "8597535322.95810_ffffffffffffffff", Time{at, 1}.Invert().String())
	require.Equal(t, "0000000000.00000_ffffffffffffffff", Time{maxUnits, 1}.Invert().String())
	r := newRand(t)
	for range 10_000 {
		a, b := randomTime(r), randomTime(r)
		a.Units, b.Units = min(a.Units, maxUnits-1), min(b.Units, maxUnits-1)
		require.Equal(t, b.Compare(a), a.Invert().Compare(b.Invert()), "%v and %v", a, b)
		require.Equal(t, a, a.Invert().Invert())
	}
}

func TestIsZero(t *testing.T) {
	require.True(t, Time{}.IsZero())
	require.False(t, Time{Offset: 1}.IsZero(), "Swift holds a zero time with an offset for a time")
	require.False(t, Of(1).IsZero())
}
