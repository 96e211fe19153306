// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"needletail/objstore/fsck"
)

// progressMeter shows the progress of a long command: on a terminal a bar that
// is redrawn, elsewhere a line now and then.
type progressMeter struct {
	out      io.Writer
	terminal bool
	step     string
	begin    time.Time // of the step
	told     time.Time
	drawn    bool // there is a bar to be wiped
	now      func() time.Time
}

const (
	progressBar   = 30 // characters
	progressOnTTY = 100 * time.Millisecond
	progressElse  = 10 * time.Second
)

func newProgress(out io.Writer) *progressMeter {
	p := &progressMeter{out: out, now: time.Now}
	if f, ok := out.(*os.File); ok {
		if info, err := f.Stat(); err == nil {
			p.terminal = info.Mode()&os.ModeCharDevice != 0
		}
	}
	return p
}

func (p *progressMeter) show(r fsck.Progress) {
	now := p.now()
	if r.Step != p.step {
		p.step, p.begin, p.told = r.Step, now, time.Time{}
	}
	every := progressElse
	if p.terminal {
		every = progressOnTTY
	}
	if now.Sub(p.told) < every {
		return
	}
	p.told = now
	line := progressLine(r, now.Sub(p.begin))
	if !p.terminal {
		fmt.Fprintln(p.out, line)
		return
	}
	bar := ""
	if r.Fraction >= 0 {
		full := int(min(r.Fraction, 1) * progressBar)
		bar = "[" + strings.Repeat("#", full) + strings.Repeat(".", progressBar-full) + "] "
	}
	fmt.Fprintf(p.out, "\r\x1b[K%s%s", bar, line)
	p.drawn = true
}

// progressLine is "step: 12.3 %, 4567, 890/s, 1m2s left".
func progressLine(r fsck.Progress, took time.Duration) string {
	s := r.Step + ":"
	if r.Fraction >= 0 {
		s += fmt.Sprintf(" %.1f %%,", 100*min(r.Fraction, 1))
	}
	s += fmt.Sprintf(" %d", r.Done)
	if seconds := took.Seconds(); seconds > 0.5 {
		s += fmt.Sprintf(", %.0f/s", float64(r.Done)/seconds)
		if r.Fraction > 0.001 {
			left := time.Duration(float64(took) * (1 - min(r.Fraction, 1)) / r.Fraction)
			s += fmt.Sprintf(", %v left", left.Round(time.Second))
		}
	}
	return s
}

// clear wipes the bar before a line is written.
func (p *progressMeter) clear() {
	if p.drawn {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.drawn = false
	}
}
