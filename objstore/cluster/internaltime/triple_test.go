// SPDX-License-Identifier: Apache-2.0

package internaltime

import (
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
)

func TestTriple(t *testing.T) {
	for name, c := range map[string]struct {
		text   string
		triple Triple
	}{
		"all equal":                {"1402464677.04188", Triple{Of(at), Of(at), Of(at)}},
		"all equal with an offset": {"1402464677.04188_1", Triple{Time{at, 1}, Time{at, 1}, Time{at, 1}}},
		"a later type":             {"1402464677.04188+186a0+0", Triple{Of(at), Of(at + 100000), Of(at + 100000)}},
		"an earlier type":          {"1402464677.04188-a+0", Triple{Of(at), Of(at - 10), Of(at - 10)}},
		"later metadata":           {"1402464677.04188+0+5", Triple{Of(at), Of(at), Of(at + 5)}},
		"there and back":           {"1402464677.04188+5-5", Triple{Of(at), Of(at + 5), Of(at)}},
		"an offset and metadata":   {"1402464677.04188_2+0+1", Triple{Time{at, 2}, Time{at, 2}, Of(at + 1)}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.text, c.triple.String())
			got, err := ParseTriple(c.text)
			require.NoError(t, err)
			require.Equal(t, c.triple, got)
		})
	}
}

// TestTripleShortTexts: a time that is left out is the time before.
func TestTripleShortTexts(t *testing.T) {
	got, err := ParseTriple("1402464677.04188+1")
	require.NoError(t, err)
	require.Equal(t, Triple{Of(at), Of(at + 1), Of(at + 1)}, got)
	got, err = ParseTriple("1402464677.04188_1+0")
	require.NoError(t, err)
	require.Equal(t, Triple{Time{at, 1}, Time{at, 1}, Time{at, 1}}, got)
}

func TestTripleFaults(t *testing.T) {
	for _, text := range []string{
		"", "+1", "-1+0", "1+", "1+g", "1+1+", "1+1+1+1", "1++1", "1_g+1", "1+0x1", "1+1_0",
		"0-1", "9999999999.99999+1", "1+fffffffffffffffff", "1+ffffffffffffffff",
	} {
		_, err := ParseTriple(text)
		require.ErrorIs(t, err, ErrTime, text)
	}
}

// TestTripleOfRandomTimes: a triple is read as it was written, but for the
// offsets that the text cannot have.
func TestTripleOfRandomTimes(t *testing.T) {
	r := newRand(t)
	for range 10_000 {
		want := Triple{randomTime(r), Of(randomTime(r).Units), Of(randomTime(r).Units)}
		if want.ContentType.Units == want.Data.Units {
			want.ContentType = want.Data
		}
		if want.Meta.Units == want.ContentType.Units {
			want.Meta = want.ContentType
		}
		got, err := ParseTriple(want.String())
		require.NoError(t, err, want.String())
		require.Equal(t, want, got, want.String())
	}
}

func FuzzParseTriple(f *testing.F) {
	for _, text := range []string{"1402464677.04188", "1402464677.04188_1+186a0-5", "0+0+0", "1e5", "-", "1_2_3", "9999999999.99999_ffffffffffffffff+0+0"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		triple, err := ParseTriple(text)
		if err != nil {
			require.ErrorIs(t, err, ErrTime)
			return
		}
		for _, x := range []Time{triple.Data, triple.ContentType, triple.Meta} {
			require.GreaterOrEqual(t, x.Units, objstore.Timestamp(0))
			require.LessOrEqual(t, x.Units, objstore.Timestamp(maxUnits))
			again, err := Parse(x.String())
			require.NoError(t, err)
			require.Equal(t, x, again)
		}
		again, err := ParseTriple(triple.String())
		require.NoError(t, err, triple.String())
		require.Equal(t, triple, again)
	})
}
