// SPDX-License-Identifier: Apache-2.0

package certificates

import (
	"context"
	"os"
	"slices"
	"time"
)

// DefaultInterval is the time between two looks at the files.
const DefaultInterval = 10 * time.Second

// mark tells two states of a file apart. Programs that renew certificates
// replace a file or what a link points to, and both change the mark.
type mark struct {
	modified time.Time
	size     int64
	info     os.FileInfo // of the file behind links; nil if there is none
}

// marks looks at all files.
func (s *Set) marks() []mark {
	list := make([]mark, 0, 2*len(s.opts.Pairs)+1)
	look := func(path string) {
		info, err := os.Stat(path)
		if err != nil {
			list = append(list, mark{})
			return
		}
		list = append(list, mark{modified: info.ModTime(), size: info.Size(), info: info})
	}
	for _, p := range s.opts.Pairs {
		look(p.CertFile)
		look(p.KeyFile)
	}
	if s.opts.ClientCAFile != "" {
		look(s.opts.ClientCAFile)
	}
	return list
}

func (m mark) same(o mark) bool {
	if m.info == nil || o.info == nil {
		return m.info == nil && o.info == nil
	}
	return m.modified.Equal(o.modified) && m.size == o.size && os.SameFile(m.info, o.info)
}

// Refresh reads the files again if a file has changed since the last reading,
// and reports whether files were read.
func (s *Set) Refresh() (read bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.EqualFunc(s.seen, s.marks(), mark.same) {
		return false, nil
	}
	return true, s.read()
}

// Watch calls Refresh at each interval until ctx ends, and report after each
// reading.
func (s *Set) Watch(ctx context.Context, every time.Duration, report func(error)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if read, err := s.Refresh(); read {
				report(err)
			}
		}
	}
}
