// SPDX-License-Identifier: Apache-2.0

package swiftconf

import (
	"strings"
)

// defaultSection has options that are in every section.
const defaultSection = "DEFAULT"

// ini is a file of sections, as Python's configparser reads the file
// (Lib/configparser.py: RawConfigParser._read, with strict=True). Values are
// bytes: Swift decodes the file as Latin-1 for the hash secrets, and encodes the
// secrets as Latin-1 again.
type ini struct {
	names    []string // of the sections, in their order, without the default
	sections map[string]map[string]string
	// keepCase tells options apart by case, as Paste's reader of the configurations
	// of servers does; Python's own reader does not.
	keepCase bool
}

// option is the name under which an option is found.
func (f *ini) option(name string) string {
	if f.keepCase {
		return name
	}
	return strings.ToLower(name)
}

// iniReader is the state of parseINI.
type iniReader struct {
	file    ini
	section map[string]string // nil before the first header
	title   string            // of section
	option  string            // "" behind a header
	lines   []string          // the value of option so far
	indent  int               // of the line that began the option
}

// parseINI reads sections. The first fault ends the reading.
func parseINI(text string) (*ini, error) { return parseSections(text, false) }

// parseSections is parseINI with or without the case of options.
func parseSections(text string, keepCase bool) (*ini, error) {
	if len(text) > maxConfBytes {
		return nil, fail(ErrSyntax, "more than %d bytes", maxConfBytes)
	}
	r := iniReader{file: ini{sections: map[string]map[string]string{defaultSection: {}}, keepCase: keepCase}}
	// Python's text files translate all three ends of a line.
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.ReplaceAll(text, "\r", "\n")
	number := 0
	for line := range strings.SplitSeq(text, "\n") {
		number++
		if err := r.read(line); err != nil {
			return nil, fail(ErrSyntax, "line %d: %v", number, err)
		}
	}
	r.endOption()
	return &r.file, nil
}

// read takes a line.
func (r *iniReader) read(line string) error {
	value := trim(line)
	switch {
	case value == "":
		if r.option != "" {
			r.lines = append(r.lines, "")
		}
		return nil
	case value[0] == '#' || value[0] == ';':
		return nil
	}
	indent := len(line) - len(trimLeft(line))
	if r.option != "" && indent > r.indent {
		r.lines = append(r.lines, value)
		return nil
	}
	r.endOption()
	r.indent = indent
	if end := strings.LastIndexByte(value, ']'); value[0] == '[' && end > 1 {
		return r.readHeader(value[1:end])
	}
	if r.section == nil {
		return fail(ErrSyntax, "%q is before the first section", value)
	}
	return r.readOption(value)
}

func (r *iniReader) readHeader(title string) error {
	r.title = title
	if title == defaultSection {
		r.section = r.file.sections[defaultSection]
		return nil
	}
	if r.file.sections[title] != nil {
		return fail(ErrSyntax, "section %q is there twice", title)
	}
	r.section = map[string]string{}
	r.file.sections[title] = r.section
	r.file.names = append(r.file.names, title)
	return nil
}

func (r *iniReader) readOption(line string) error {
	i := strings.IndexAny(line, "=:")
	if i < 0 {
		return fail(ErrSyntax, "%q is neither a section nor an option", line)
	}
	name := r.file.option(trim(line[:i]))
	if name == "" {
		return fail(ErrSyntax, "%q has no option before the %q", line, line[i])
	}
	if _, twice := r.section[name]; twice {
		return fail(ErrSyntax, "option %q is twice in section %q", name, r.title)
	}
	r.section[name] = "" // endOption puts the value
	r.option, r.lines = name, []string{trim(line[i+1:])}
	return nil
}

// endOption stores the value of the option that was read.
func (r *iniReader) endOption() {
	if r.option != "" {
		r.section[r.option] = trimRight(strings.Join(r.lines, "\n"))
	}
	r.option, r.lines = "", nil
}

// space reports whether Python's str.isspace holds for a byte in Latin-1.
func space(c rune) bool {
	return c >= '\t' && c <= '\r' || c >= 0x1c && c <= ' ' || c == 0x85 || c == 0xa0
}

func trimLeft(s string) string {
	for s != "" && space(rune(s[0])) {
		s = s[1:]
	}
	return s
}

func trimRight(s string) string {
	for s != "" && space(rune(s[len(s)-1])) {
		s = s[:len(s)-1]
	}
	return s
}

func trim(s string) string { return trimRight(trimLeft(s)) }

// get returns the value of an option, with "%" sequences replaced, and whether
// the option is in the section or in the default section.
func (f *ini) get(section, option string) (value string, ok bool, err error) {
	if f.sections[section] == nil {
		return "", false, nil
	}
	raw, ok := f.raw(section, option)
	if !ok {
		return "", false, nil
	}
	x := expansion{file: f, section: section}
	if err := x.expand(raw, 1); err != nil {
		return "", true, fail(ErrSyntax, "section %q, option %q: %v", section, option, err)
	}
	return string(x.out), true, nil
}

// raw returns an option as the file has the option.
func (f *ini) raw(section, option string) (string, bool) {
	if v, ok := f.sections[section][option]; ok {
		return v, true
	}
	v, ok := f.sections[defaultSection][option]
	return v, ok
}

// options are the names that a section has, those of the default section
// included, in no order.
func (f *ini) options(section string) map[string]bool {
	names := map[string]bool{}
	for _, s := range [...]string{defaultSection, section} {
		for name := range f.sections[s] {
			names[name] = true
		}
	}
	return names
}

// expansion replaces "%%" and "%(name)s" (Lib/configparser.py:
// BasicInterpolation).
type expansion struct {
	file    *ini
	section string
	out     []byte
	steps   int // names that were replaced, also by nothing
}

func (x *expansion) expand(rest string, depth int) error {
	if depth > maxValueDepth {
		return fail(ErrSyntax, "%%(name)s is nested more than %d deep", maxValueDepth)
	}
	for rest != "" {
		i := strings.IndexByte(rest, '%')
		if i < 0 {
			i = len(rest)
		}
		x.out, rest = append(x.out, rest[:i]...), rest[i:]
		switch {
		case rest == "":
		case strings.HasPrefix(rest, "%%"):
			x.out, rest = append(x.out, '%'), rest[2:]
		case strings.HasPrefix(rest, "%("):
			name, after, found := strings.Cut(rest[2:], ")s")
			if !found || name == "" || strings.ContainsRune(name, ')') {
				return fail(ErrSyntax, "%q is no %%(name)s", rest)
			}
			value, ok := x.file.raw(x.section, x.file.option(name))
			if !ok {
				return fail(ErrSyntax, "%%(%s)s names an option that is not there", name)
			}
			if x.steps++; x.steps > maxValueBytes {
				return fail(ErrSyntax, "more than %d names are replaced", maxValueBytes)
			}
			// Python counts the depth of values with a percent sign alone.
			deeper := depth
			if strings.ContainsRune(value, '%') {
				deeper++
			}
			if err := x.expand(value, deeper); err != nil {
				return err
			}
			rest = after
		default:
			return fail(ErrSyntax, "a single %% must be written %%%%")
		}
		if len(x.out) > maxValueBytes {
			return fail(ErrSyntax, "the value is longer than %d bytes", maxValueBytes)
		}
	}
	return nil
}
