// SPDX-License-Identifier: Apache-2.0

package swiftconf

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// constraintsSection is the section of swift.conf with the constraints.
const constraintsSection = "swift-constraints"

// Constraints are the limits of a cluster (swift/common/constraints.py).
// Lengths are bytes.
type Constraints struct {
	MaxFileSize             int64
	MaxMetaNameLength       int
	MaxMetaValueLength      int
	MaxMetaCount            int
	MaxMetaOverallSize      int
	MaxHeaderSize           int
	MaxRequestLine          int // servers before Swift 2.37 have no such limit
	MaxObjectNameLength     int
	MaxAccountNameLength    int
	MaxContainerNameLength  int
	ContainerListingLimit   int
	AccountListingLimit     int
	ExtraHeaderCount        int
	ValidAPIVersions        []string
	AutoCreateAccountPrefix string
}

// DefaultConstraints are the limits of a cluster without the section.
func DefaultConstraints() Constraints {
	return Constraints{
		MaxFileSize:             5368709122,
		MaxMetaNameLength:       128,
		MaxMetaValueLength:      256,
		MaxMetaCount:            90,
		MaxMetaOverallSize:      4096,
		MaxHeaderSize:           8192,
		MaxRequestLine:          8192,
		MaxObjectNameLength:     1024,
		MaxAccountNameLength:    256,
		MaxContainerNameLength:  256,
		ContainerListingLimit:   10000,
		AccountListingLimit:     10000,
		ValidAPIVersions:        []string{"v1", "v1.0"},
		AutoCreateAccountPrefix: ".",
	}
}

// MaxHeaderCount is how many headers a request may have: those for metadata, 36
// for Swift itself, and the extra ones.
func (c Constraints) MaxHeaderCount() int {
	return c.MaxMetaCount + 36 + max(c.ExtraHeaderCount, 0)
}

// readConstraints takes the section of a file. Options that Swift does not know
// are left alone, as in Swift.
func readConstraints(f *ini) (Constraints, error) {
	c := DefaultConstraints()
	ints := map[string]*int{
		"max_meta_name_length":      &c.MaxMetaNameLength,
		"max_meta_value_length":     &c.MaxMetaValueLength,
		"max_meta_count":            &c.MaxMetaCount,
		"max_meta_overall_size":     &c.MaxMetaOverallSize,
		"max_header_size":           &c.MaxHeaderSize,
		"max_request_line":          &c.MaxRequestLine,
		"max_object_name_length":    &c.MaxObjectNameLength,
		"max_account_name_length":   &c.MaxAccountNameLength,
		"max_container_name_length": &c.MaxContainerNameLength,
		"container_listing_limit":   &c.ContainerListingLimit,
		"account_listing_limit":     &c.AccountListingLimit,
		"extra_header_count":        &c.ExtraHeaderCount,
	}
	var errs []error
	read := func(name string, take func(value string) error) {
		value, ok, err := f.get(constraintsSection, name)
		if err == nil && ok {
			if err = take(value); err != nil {
				err = fmt.Errorf("%w %s = %q: %w", ErrConstraint, name, value, err)
			}
		}
		errs = append(errs, err)
	}
	for name, to := range ints {
		read(name, func(value string) error {
			n, err := pythonInt(value)
			if err == nil && (n < 0 || n > 1<<31-1) && name != "extra_header_count" {
				err = errRange
			}
			*to = int(n)
			return err
		})
	}
	read("max_file_size", func(value string) (err error) {
		if c.MaxFileSize, err = pythonInt(value); err == nil && c.MaxFileSize < 0 {
			err = errRange
		}
		return err
	})
	read("valid_api_versions", func(value string) error {
		c.ValidAPIVersions = commaList(value)
		return nil
	})
	read("auto_create_account_prefix", func(value string) error {
		c.AutoCreateAccountPrefix = value
		return nil
	})
	return c, errors.Join(errs...)
}

var errRange = errors.New("the number is out of range")

// pythonInt reads a number as Python's int does: spaces around, a sign, and
// single underscores between digits.
func pythonInt(s string) (int64, error) {
	s = trim(s)
	digits := strings.TrimLeft(s, "+-")
	if len(s)-len(digits) > 1 || digits == "" || digits[0] == '_' || digits[len(digits)-1] == '_' || strings.Contains(digits, "__") {
		return 0, errors.New("not a whole number")
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(s, "_", ""), 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return 0, errRange
	}
	if err != nil {
		return 0, errors.New("not a whole number")
	}
	return n, nil
}

// commaList splits at commas and leaves out what is empty (Swift's
// list_from_csv).
func commaList(s string) []string {
	var list []string
	for item := range strings.SplitSeq(s, ",") {
		if item = trim(item); item != "" {
			list = append(list, item)
		}
	}
	return list
}

// truth is Swift's config_true_value.
func truth(s string) bool {
	switch strings.ToLower(s) {
	case "true", "1", "yes", "on", "t", "y":
		return true
	}
	return false
}
