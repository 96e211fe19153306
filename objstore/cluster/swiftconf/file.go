// SPDX-License-Identifier: Apache-2.0

package swiftconf

import (
	"errors"
	"fmt"
	"slices"
)

// File is a configuration file of a cluster besides swift.conf: sections with
// options.
type File struct{ ini *ini }

// ReadFile reads a file. keepCase tells the names of options apart by case, as
// the servers do with their own configurations.
func ReadFile(path string, keepCase bool) (*File, error) {
	text, err := readConf(path)
	if err != nil {
		return nil, err
	}
	f, err := parseSections(string(text), keepCase)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &File{f}, nil
}

// Sections are the names of the sections in their order, without [DEFAULT].
func (f *File) Sections() []string { return slices.Clone(f.ini.names) }

// Has reports whether the file has a section.
func (f *File) Has(section string) bool { return f.ini.sections[section] != nil }

// Options returns the options of a section, those of [DEFAULT] included.
func (f *File) Options(section string) (map[string]string, error) {
	options := map[string]string{}
	var errs []error
	for name := range f.ini.options(section) {
		value, ok, err := f.ini.get(section, name)
		if ok && err == nil {
			options[name] = value
		}
		errs = append(errs, err)
	}
	return options, errors.Join(errs...)
}
