// SPDX-License-Identifier: Apache-2.0

package swiftconf

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"needletail/objstore"
)

// policyPrefix begins the title of a policy's section; the index follows.
const policyPrefix = "storage-policy:"

// legacyName is the name of policy 0 in a cluster without policies, and of no
// other policy.
const legacyName = "Policy-0"

// defaultSegmentBytes is the size of a segment without ec_object_segment_size.
const defaultSegmentBytes = 1 << 20

// Policy is a storage policy of a cluster. With erasure coding, all fields of a
// cluster's code are set.
type Policy struct{ objstore.Policy }

// RingName is the name of the policy's ring file.
func (p Policy) RingName() string { return ringName("object", p.Index) }

// Replicas is how many replicas the ring must have, for erasure coding; 0 if any
// number will do.
func (p Policy) Replicas() int {
	if !p.Erasure() {
		return 0
	}
	return p.Slots()
}

// codes are the codes that Swift's own library names, and whether this program
// can write them. Others may come with plug-ins.
var codes = map[string]bool{
	"isa_l_rs_vand":          true,
	"isa_l_rs_cauchy":        true,
	"liberasurecode_rs_vand": true,
	"jerasure_rs_vand":       true,
	"jerasure_rs_cauchy":     false,
	"flat_xor_hd_3":          false,
	"flat_xor_hd_4":          false,
	"shss":                   false,
	"libphazr":               false,
}

// Writable reports whether objects of the policy can be written. A policy that
// cannot be written is deprecated.
func (p Policy) Writable() bool { return !p.Erasure() || codes[p.ECType] }

// policyOptions are the options of a section that Swift knows; any other option
// is an error (swift/common/storage_policy.py: from_config). True marks those of
// erasure coding.
var policyOptions = map[string]bool{
	"name": false, "aliases": false, "policy_type": false, "default": false, "deprecated": false, "diskfile_module": false,
	"ec_type": true, "ec_num_data_fragments": true, "ec_num_parity_fragments": true,
	"ec_object_segment_size": true, "ec_duplication_factor": true,
}

// readPolicies takes the policies of a file, ordered by index.
func readPolicies(f *ini) ([]Policy, error) {
	var policies []Policy
	var errs []error
	for _, title := range f.names {
		number, ok := strings.CutPrefix(title, policyPrefix)
		if !ok {
			continue
		}
		if len(policies) == maxPolicies {
			return nil, fail(ErrPolicy, "more than %d policies", maxPolicies)
		}
		p, err := readPolicy(f, title, number)
		if err != nil {
			errs = append(errs, fmt.Errorf("section [%s]: %w", title, err))
			continue
		}
		policies = append(policies, p)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	policies, err := completePolicies(policies)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(policies, func(a, b Policy) int { return int(a.Index) - int(b.Index) })
	return policies, nil
}

// completePolicies finds what policies contradict, adds policy 0 where there are
// no policies, and makes it the default where it is alone
// (swift/common/storage_policy.py: StoragePolicyCollection).
func completePolicies(policies []Policy) ([]Policy, error) {
	if len(policies) == 0 {
		return []Policy{{Policy: objstore.DefaultPolicies()[0]}}, nil
	}
	indexes, names, defaults, enabled := map[objstore.PolicyIndex]bool{}, map[string]objstore.PolicyIndex{}, 0, 0
	for i, p := range policies {
		if indexes[p.Index] {
			return nil, fail(ErrPolicy, "index %d is used twice", p.Index)
		}
		indexes[p.Index] = true
		for _, name := range append([]string{p.Name}, p.Aliases...) {
			if other, taken := names[strings.ToUpper(name)]; taken {
				return nil, fail(ErrPolicy, "the name %q is used twice, by policy %d and policy %d", name, other, p.Index)
			}
			names[strings.ToUpper(name)] = p.Index
		}
		if len(policies) == 1 && !p.Deprecated {
			policies[i].Default = true
		}
		if policies[i].Default {
			defaults++
		}
		if !p.Deprecated {
			enabled++
		}
	}
	switch {
	case !indexes[0]:
		return nil, fail(ErrPolicy, "policy 0 is missing: a cluster with policies names policy 0 too")
	case enabled == 0:
		return nil, fail(ErrPolicy, "every policy is deprecated")
	case defaults != 1:
		return nil, fail(ErrPolicy, "%d of %d policies are the default, not one", defaults, len(policies))
	}
	return policies, nil
}

// policySection reads the options of a policy's section, and remembers the
// faults.
type policySection struct {
	file  *ini
	title string
	errs  []error
}

// text returns an option.
func (s *policySection) text(option, without string) string {
	value, ok, err := s.file.get(s.title, option)
	if err != nil {
		s.errs = append(s.errs, err)
	}
	if !ok {
		return without
	}
	return value
}

// number returns an option of 1 to most.
func (s *policySection) number(option, without string, most int64) int64 {
	value := s.text(option, without)
	n, err := pythonInt(value)
	if err != nil || n < 1 || n > most {
		s.errs = append(s.errs, fail(ErrPolicy, "%s = %q is not a number within 1 and %d", option, value, most))
	}
	return n
}

func readPolicy(f *ini, title, number string) (Policy, error) {
	index, err := pythonInt(number)
	if err != nil || index < 0 || index > math.MaxUint16 {
		return Policy{}, fail(ErrPolicy, "the index %q is not within 0 and %d", number, math.MaxUint16)
	}
	s := &policySection{file: f, title: title}
	var p Policy
	p.Index = objstore.PolicyIndex(index)
	p.Name = s.text("name", "")
	for _, alias := range commaList(s.text("aliases", "")) {
		if alias != p.Name { // Swift lets a list of aliases begin with the name
			p.Aliases = append(p.Aliases, alias)
		}
	}
	p.Default, p.Deprecated = truth(s.text("default", "")), truth(s.text("deprecated", ""))
	kind := s.text("policy_type", "replication")
	switch kind {
	case "replication":
	case "erasure_coding":
		s.readCode(&p)
	default:
		s.errs = append(s.errs, fail(ErrPolicy, "policy_type = %q is neither replication nor erasure_coding", kind))
	}
	for _, option := range slices.Sorted(maps.Keys(f.options(title))) {
		ofCode, known := policyOptions[option]
		if !known || ofCode && kind == "replication" {
			s.errs = append(s.errs, fail(ErrPolicy, "option %q does not belong to a policy of the type %s", option, kind))
		}
	}
	s.text("diskfile_module", "") // only for its faults: servers alone use the option
	s.errs = append(s.errs, checkNames(p))
	if p.Default && p.Deprecated {
		s.errs = append(s.errs, fail(ErrPolicy, "a deprecated policy cannot be the default"))
	}
	return p, errors.Join(s.errs...)
}

// readCode takes the options of erasure coding.
func (s *policySection) readCode(p *Policy) {
	p.ECType = s.text("ec_type", "")
	p.DataFragments = int(s.number("ec_num_data_fragments", "", maxFragments))
	p.ParityFragments = int(s.number("ec_num_parity_fragments", "", maxFragments))
	p.SegmentBytes = s.number("ec_object_segment_size", fmt.Sprint(defaultSegmentBytes), maxSegmentBytes)
	p.DuplicationFactor = int(s.number("ec_duplication_factor", "1", maxDuplication))
	fault := func(format string, args ...any) { s.errs = append(s.errs, fail(ErrPolicy, format, args...)) }
	writable, known := codes[p.ECType]
	switch {
	case p.ECType == "":
		fault("ec_type is missing")
	case !known && !p.Deprecated:
		fault("ec_type = %q is unknown", p.ECType)
	case !writable && !p.Deprecated:
		fault("ec_type = %q cannot be written; only a deprecated policy may have this type", p.ECType)
	}
	if n := p.DataFragments + p.ParityFragments; n > maxFragments {
		fault("%d data and parity fragments are more than %d", n, maxFragments)
	}
	if p.ECType == "isa_l_rs_vand" && p.ParityFragments >= 5 && !p.Deprecated {
		// Some sets of k fragments of this code do not give the data back.
		fault("ec_type = %q with %d parity fragments loses data; only a deprecated policy may have 5 or more", p.ECType, p.ParityFragments)
	}
}

// checkNames checks the name and the aliases of a policy: headers contain them.
func checkNames(p Policy) error {
	seen := map[string]bool{}
	for _, name := range append([]string{p.Name}, p.Aliases...) {
		upper := strings.ToUpper(name)
		switch {
		case name == "":
			return fail(ErrPolicy, "the policy has no name")
		case strings.IndexFunc(name, func(c rune) bool { return !nameRune(c) }) >= 0:
			return fail(ErrPolicy, "the name %q has other characters than letters, digits and -", name)
		case upper == strings.ToUpper(legacyName) && p.Index != 0:
			return fail(ErrPolicy, "the name %q belongs to policy 0", name)
		case seen[upper]:
			return fail(ErrPolicy, "the name %q is used twice", name)
		}
		seen[upper] = true
	}
	return nil
}

func nameRune(c rune) bool {
	return c == '-' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}
