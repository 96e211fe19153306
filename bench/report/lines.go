// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/perf/benchfmt"
)

// line is a line of a benchmark: the first part of the name, the key=value parts in
// order, the other parts, and the measurements by unit.
type line struct {
	base   string
	plain  []string
	keys   []string
	parts  map[string]string
	values map[string]float64
}

func readFile(path string) ([]line, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readLines(f, path)
}

func readLines(r io.Reader, name string) ([]line, error) {
	var lines []line
	in := benchfmt.NewReader(r, name)
	for in.Scan() {
		switch rec := in.Result().(type) {
		case *benchfmt.SyntaxError:
			return nil, rec
		case *benchfmt.Result:
			lines = append(lines, toLine(rec))
		}
	}
	if err := in.Err(); err != nil {
		return nil, err
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("%s has no benchmark", name)
	}
	return lines, nil
}

func toLine(r *benchfmt.Result) line {
	l := line{parts: map[string]string{}, values: map[string]float64{}}
	base, parts := r.Name.Parts()
	l.base = string(base)
	for _, p := range parts {
		key, value, ok := strings.Cut(strings.TrimPrefix(string(p), "/"), "=")
		if ok {
			l.keys = append(l.keys, key)
			l.parts[key] = value
		} else if strings.HasPrefix(string(p), "/") {
			l.plain = append(l.plain, key)
		}
	}
	for _, v := range r.Values {
		// The reader tidies units; the table wants the units of the file.
		unit, value := v.Unit, v.Value
		if v.OrigUnit != "" {
			unit, value = v.OrigUnit, v.OrigValue
		}
		l.values[unit] = value
	}
	return l
}

// without returns the values of the name, joined, except the values of keys.
func (l line) without(keys ...string) string {
	var out []string
next:
	for _, k := range l.keys {
		for _, skip := range keys {
			if k == skip {
				continue next
			}
		}
		out = append(out, l.parts[k])
	}
	return strings.Join(out, " ")
}
