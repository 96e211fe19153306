// SPDX-License-Identifier: Apache-2.0

package objstore

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestTimestampForms(t *testing.T) {
	f := func(ts Timestamp, normal, iso, lastModified string) {
		t.Helper()
		if got := ts.String(); got != normal {
			t.Errorf("%d: normal form %q, want %q", ts, got, normal)
		}
		if got := string(ts.AppendISO([]byte("x"))); got != "x"+iso {
			t.Errorf("%d: ISO form %q, want %q after x", ts, got, iso)
		}
		if got := ts.LastModified(); got != lastModified {
			t.Errorf("%d: Last-Modified %q, want %q", ts, got, lastModified)
		}
		if n, l := ts.Forms(); n != normal || l != lastModified {
			t.Errorf("%d: forms %q and %q", ts, n, l)
		}
	}
	f(0, "0000000000.00000", "1970-01-01T00:00:00.000000", "Thu, 01 Jan 1970 00:00:00 GMT")
	f(1, "0000000000.00001", "1970-01-01T00:00:00.000010", "Thu, 01 Jan 1970 00:00:01 GMT")
	f(140246467704188, "1402464677.04188", "2014-06-11T05:31:17.041880", "Wed, 11 Jun 2014 05:31:18 GMT")
	f(140246467700000, "1402464677.00000", "2014-06-11T05:31:17.000000", "Wed, 11 Jun 2014 05:31:17 GMT")
	f(123456789012_34567, "123456789012.34567", "5882-03-11T00:30:12.345670", "Sat, 11 Mar 5882 00:30:13 GMT")
	f(140246467799999, "1402464677.99999", "2014-06-11T05:31:17.999990", "Wed, 11 Jun 2014 05:31:18 GMT")
}

func TestTimestampSeconds(t *testing.T) {
	f := func(ts Timestamp, whole, ceil int64) {
		t.Helper()
		if ts.Seconds() != whole || ts.CeilSeconds() != ceil {
			t.Errorf("%d: %d and %d seconds, want %d and %d", ts, ts.Seconds(), ts.CeilSeconds(), whole, ceil)
		}
	}
	f(0, 0, 0)
	f(1, 0, 1)
	f(99_999, 0, 1)
	f(100_000, 1, 1)
	f(100_001, 1, 2)
}

func TestTimestampOfTime(t *testing.T) {
	at := time.Date(2026, 2, 3, 4, 5, 6, 123_456_789, time.FixedZone("x", 3600))
	ts := TimestampOf(at)
	if want := at.Truncate(TimestampUnit); !ts.Time().Equal(want) || ts.Time().Location() != time.UTC {
		t.Errorf("got %v, want %v in UTC", ts.Time(), want)
	}
	if again := TimestampOf(ts.Time()); again != ts {
		t.Errorf("%d came back as %d", ts, again)
	}
}

func TestParseTimestamp(t *testing.T) {
	good := func(s string, want Timestamp) {
		t.Helper()
		if got, err := ParseTimestamp(s); err != nil || got != want {
			t.Errorf("%q: got %d, %v; want %d", s, got, err, want)
		}
	}
	good("0", 0)
	good("1402464677.04188", 140246467704188)
	good("1402464677", 140246467700000)
	good("1402464677.", 140246467700000)
	good("1402464677.5", 140246467750000)
	good("1402464677.041889", 140246467704188)
	for _, s := range []string{"", ".", ".5", "-1", "+1", " 1", "1 ", "1e9", "1.x", "1.-5", "1.2.3", "0x10", "1_0",
		"9999999999999", "99999999999999999999", "\x00", "١"} {
		if got, err := ParseTimestamp(s); err == nil {
			t.Errorf("%q was taken for %d", s, got)
		}
	}
}

func FuzzParseTimestamp(f *testing.F) {
	for _, s := range []string{"0", "1402464677.04188", "1.", "1.123456", "-1", "1.x", "99999999999999999999", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ts, err := ParseTimestamp(s)
		if err != nil {
			return
		}
		if ts < 0 {
			t.Fatalf("%q gives %d", s, ts)
		}
		if again, err := ParseTimestamp(ts.String()); err != nil || again != ts {
			t.Fatalf("%q: %d came back as %d, %v", s, ts, again, err)
		}
	})
}

func TestTimestampOrder(t *testing.T) {
	var forms []string
	for _, ts := range []Timestamp{0, 1, 99_999, 100_000, 140246467704188, 999_999_999_999_999} {
		forms = append(forms, ts.String())
	}
	if !slices.IsSorted(forms) {
		t.Errorf("the normal forms %q do not sort as the times do", forms)
	}
}

func TestClockStandsStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // time moves only while all sleep
		var c Clock
		start := TimestampOf(time.Now())
		for i := range Timestamp(100) {
			if got := c.Now(); got != start+i {
				t.Fatalf("call %d: %d, want %d", i, got, start+i)
			}
		}
		time.Sleep(time.Second)
		if got, want := c.Now(), TimestampOf(time.Now()); got != want {
			t.Errorf("after a second: %d, want %d", got, want)
		}
		future := TimestampOf(time.Now().Add(time.Hour))
		c.Advance(future)
		c.Advance(start)
		if got := c.Now(); got != future+1 {
			t.Errorf("after Advance: %d, want %d", got, future+1)
		}
	})
}

func TestClockIsUnique(t *testing.T) {
	const goroutines, calls = 8, 2000
	var c Clock
	given := make([][]Timestamp, goroutines)
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for range calls {
				given[g] = append(given[g], c.Now())
			}
		})
	}
	wg.Wait()
	var all []Timestamp
	for g := range goroutines {
		if !slices.IsSorted(given[g]) {
			t.Errorf("goroutine %d saw the clock go back", g)
		}
		all = append(all, given[g]...)
	}
	slices.Sort(all)
	if unique := len(slices.Compact(all)); unique != goroutines*calls {
		t.Errorf("%d different timestamps, want %d", unique, goroutines*calls)
	}
}

func TestLastModifiedIsRFC1123(t *testing.T) {
	for day := range int64(800) {
		at := time.Unix(951_700_000+day*86_400+day*53, 0).UTC()
		if got, want := TimestampOf(at).LastModified(), at.Format("Mon, 02 Jan 2006 15:04:05 GMT"); got != want {
			t.Fatalf("%q, want %q", got, want)
		}
	}
}
