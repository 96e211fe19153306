// SPDX-License-Identifier: Apache-2.0

package swiftconf

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/ring"
)

// sample is a swift.conf with all that this package reads.
const sample = `# a cluster
[swift-hash]
swift_hash_path_prefix = changeme
swift_hash_path_suffix = too-much

[swift-constraints]
max_file_size = 1_073_741_824
max_meta_count = 10
valid_api_versions = v1, ,v2
auto_create_account_prefix = _
extra_header_count = -4
unknown_to_swift = 5

[storage-policy:0]
name = gold
aliases = yellow, orange
default = yes

[storage-policy:2]
name = ec42
policy_type = erasure_coding
ec_type = liberasurecode_rs_vand
ec_num_data_fragments = 4
ec_num_parity_fragments = 2
diskfile_module = egg:swift#erasure_coding.fs

[storage-policy:1]
name = silver
aliases = silver, grey
deprecated = on
`

func TestParse(t *testing.T) {
	c, err := Parse([]byte(sample))
	require.NoError(t, err)
	require.Equal(t, ring.Hash{Prefix: "changeme", Suffix: "too-much"}, c.Hash)

	want := DefaultConstraints()
	want.MaxFileSize, want.MaxMetaCount, want.ValidAPIVersions = 1<<30, 10, []string{"v1", "v2"}
	want.AutoCreateAccountPrefix, want.ExtraHeaderCount = "_", -4
	require.Equal(t, want, c.Constraints)
	require.Equal(t, 46, c.Constraints.MaxHeaderCount())

	gold := Policy{Policy: objstore.Policy{Index: 0, Name: "gold", Aliases: []string{"yellow", "orange"}, Default: true}}
	silver := Policy{Policy: objstore.Policy{Index: 1, Name: "silver", Aliases: []string{"grey"}, Deprecated: true}}
	ec := Policy{Policy: objstore.Policy{
		Index: 2, Name: "ec42", DataFragments: 4, ParityFragments: 2,
		ECType: "liberasurecode_rs_vand", SegmentBytes: 1 << 20, DuplicationFactor: 1,
	}}
	require.Equal(t, []Policy{gold, silver, ec}, c.Policies)
	require.Equal(t, objstore.Policies{gold.Policy, silver.Policy, ec.Policy}, c.StorePolicies())
	require.NoError(t, c.StorePolicies().Validate())
	require.Equal(t, "object.ring.gz", gold.RingName())
	require.Equal(t, "object-2.ring.gz", ec.RingName())
	require.Equal(t, 6, ec.Replicas())
	require.Equal(t, 0, gold.Replicas())
	got, ok := c.Policy(1)
	require.True(t, ok)
	require.Equal(t, silver, got)
	_, ok = c.Policy(3)
	require.False(t, ok)
}

// TestParseSmall: a cluster without policies and constraints.
func TestParseSmall(t *testing.T) {
	c, err := Parse([]byte("[swift-hash]\nswift_hash_path_suffix = s\n"))
	require.NoError(t, err)
	require.Equal(t, ring.Hash{Suffix: "s"}, c.Hash)
	require.Equal(t, DefaultConstraints(), c.Constraints)
	require.Equal(t, objstore.DefaultPolicies(), c.StorePolicies())
	require.Equal(t, 126, c.Constraints.MaxHeaderCount())

	c, err = Parse([]byte("[swift-hash]\nswift_hash_path_prefix = p%%p\n[storage-policy:0]\nname = only\n"))
	require.NoError(t, err)
	require.Equal(t, ring.Hash{Prefix: "p%p"}, c.Hash)
	require.True(t, c.Policies[0].Default, "a policy that is alone is the default")
}

// withPolicies is a swift.conf with policy 0 and more lines.
func withPolicies(lines string) string {
	return "[swift-hash]\nswift_hash_path_suffix = s\n[storage-policy:0]\nname = gold\ndefault = true\n" + lines
}

// code is the section of policy 1 with erasure coding.
func code(ecType string, k, m int, more string) string {
	return withPolicies(fmt.Sprintf("[storage-policy:1]\nname = ec\npolicy_type = erasure_coding\nec_type = %s\nec_num_data_fragments = %d\nec_num_parity_fragments = %d\n%s", ecType, k, m, more))
}

// TestContradictions: each is named.
func TestContradictions(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		kind error
		says string
	}{
		"no hash":                 {"[swift-constraints]\n", ErrHash, "neither swift_hash_path_prefix nor"},
		"empty hash":              {"[swift-hash]\nswift_hash_path_prefix =\nswift_hash_path_suffix =\n", ErrHash, "neither"},
		"a percent sign":          {"[swift-hash]\nswift_hash_path_suffix = 100%\n", ErrSyntax, "swift_hash_path_suffix"},
		"unknown type":            {withPolicies("[storage-policy:1]\nname = x\npolicy_type = mirrored\n"), ErrPolicy, `policy_type = "mirrored" is neither`},
		"unknown option":          {withPolicies("[storage-policy:1]\nname = x\ncopies = 3\n"), ErrPolicy, `option "copies" does not belong`},
		"a default option":        {"[DEFAULT]\nx = 1\n" + withPolicies(""), ErrPolicy, `option "x" does not belong`},
		"a code's option":         {withPolicies("[storage-policy:1]\nname = x\nec_type = isa_l_rs_vand\n"), ErrPolicy, `option "ec_type" does not belong to a policy of the type replication`},
		"no name":                 {withPolicies("[storage-policy:1]\n"), ErrPolicy, "[storage-policy:1]: storage policy: the policy has no name"},
		"a bad name":              {withPolicies("[storage-policy:1]\nname = a b\n"), ErrPolicy, `"a b" has other characters`},
		"a bad alias":             {withPolicies("[storage-policy:1]\nname = a\naliases = b_c\n"), ErrPolicy, `"b_c" has other characters`},
		"the reserved name":       {withPolicies("[storage-policy:1]\nname = policy-0\n"), ErrPolicy, `"policy-0" belongs to policy 0`},
		"a name twice":            {withPolicies("[storage-policy:1]\nname = GOLD\n"), ErrPolicy, `"GOLD" is used twice, by policy 0 and policy 1`},
		"an alias twice":          {withPolicies("[storage-policy:1]\nname = x\naliases = y, Gold\n"), ErrPolicy, `"Gold" is used twice`},
		"an alias like its name":  {withPolicies("[storage-policy:1]\nname = x\naliases = X\n"), ErrPolicy, `"X" is used twice`},
		"an index twice":          {withPolicies("[storage-policy:00]\nname = x\n"), ErrPolicy, "index 0 is used twice"},
		"a bad index":             {withPolicies("[storage-policy:a]\nname = x\n"), ErrPolicy, `index "a"`},
		"a negative index":        {withPolicies("[storage-policy:-1]\nname = x\n"), ErrPolicy, `index "-1"`},
		"a big index":             {withPolicies("[storage-policy:65536]\nname = x\n"), ErrPolicy, `index "65536"`},
		"no policy 0":             {"[swift-hash]\nswift_hash_path_suffix = s\n[storage-policy:1]\nname = x\ndefault = 1\n", ErrPolicy, "policy 0 is missing"},
		"two defaults":            {withPolicies("[storage-policy:1]\nname = x\ndefault = true\n"), ErrPolicy, "2 of 2 policies are the default"},
		"no default":              {"[swift-hash]\nswift_hash_path_suffix = s\n[storage-policy:0]\nname = x\n[storage-policy:1]\nname = y\n", ErrPolicy, "0 of 2 policies are the default"},
		"all deprecated":          {"[swift-hash]\nswift_hash_path_suffix = s\n[storage-policy:0]\nname = x\ndeprecated = t\n", ErrPolicy, "every policy is deprecated"},
		"a deprecated default":    {"[swift-hash]\nswift_hash_path_suffix = s\n[storage-policy:0]\nname = x\ndeprecated = t\ndefault = t\n", ErrPolicy, "a deprecated policy cannot be the default"},
		"no ec_type":              {withPolicies("[storage-policy:1]\nname = x\npolicy_type = erasure_coding\nec_num_data_fragments = 4\nec_num_parity_fragments = 2\n"), ErrPolicy, "ec_type is missing"},
		"an unknown ec_type":      {code("magic", 4, 2, ""), ErrPolicy, `ec_type = "magic" is unknown`},
		"an ec_type to read only": {code("jerasure_rs_cauchy", 4, 2, ""), ErrPolicy, `ec_type = "jerasure_rs_cauchy" cannot be written`},
		"isa_l_rs_vand, 5 parity": {code("isa_l_rs_vand", 10, 5, ""), ErrPolicy, `"isa_l_rs_vand" with 5 parity fragments loses data`},
		"no data fragments":       {code("isa_l_rs_vand", 0, 2, ""), ErrPolicy, `ec_num_data_fragments = "0"`},
		"no parity fragments":     {code("isa_l_rs_vand", 4, 0, ""), ErrPolicy, `ec_num_parity_fragments = "0"`},
		"too many fragments":      {code("isa_l_rs_cauchy", 20, 13, ""), ErrPolicy, "33 data and parity fragments"},
		"a segment of nothing":    {code("isa_l_rs_vand", 4, 2, "ec_object_segment_size = 0\n"), ErrPolicy, `ec_object_segment_size = "0"`},
		"a segment too long":      {code("isa_l_rs_vand", 4, 2, "ec_object_segment_size = 67108865\n"), ErrPolicy, "ec_object_segment_size"},
		"no duplication":          {code("isa_l_rs_vand", 4, 2, "ec_duplication_factor = 0\n"), ErrPolicy, `ec_duplication_factor = "0"`},
		"much duplication":        {code("isa_l_rs_vand", 4, 2, "ec_duplication_factor = 17\n"), ErrPolicy, `ec_duplication_factor = "17"`},
		"a percent in a module":   {withPolicies("[storage-policy:1]\nname = x\ndiskfile_module = 9%\n"), ErrSyntax, "diskfile_module"},
		"a constraint":            {withPolicies("[swift-constraints]\nmax_meta_count = many\n"), ErrConstraint, `constraint max_meta_count = "many": not a whole number`},
		"a negative constraint":   {withPolicies("[swift-constraints]\nmax_file_size = -1\n"), ErrConstraint, "max_file_size"},
		"a negative length":       {withPolicies("[swift-constraints]\nmax_header_size = -1\n"), ErrConstraint, "max_header_size"},
		"a huge constraint":       {withPolicies("[swift-constraints]\nmax_file_size = 99999999999999999999\n"), ErrConstraint, "out of range"},
		"a constraint's percent":  {withPolicies("[swift-constraints]\nmax_file_size = 9%\n"), ErrSyntax, "max_file_size"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(c.text))
			require.ErrorIs(t, err, c.kind)
			require.ErrorContains(t, err, c.says)
		})
	}
}

// TestDeprecatedCodes: data that was written with a bad code stays readable, or
// at least listed.
func TestDeprecatedCodes(t *testing.T) {
	for _, text := range []string{
		code("isa_l_rs_vand", 10, 5, "deprecated = yes\n"), code("jerasure_rs_cauchy", 4, 2, "deprecated = yes\n"), code("magic", 4, 2, "deprecated = yes\n"),
	} {
		c, err := Parse([]byte(text))
		require.NoError(t, err)
		require.Equal(t, c.Policies[1].ECType == "isa_l_rs_vand", c.Policies[1].Writable())
	}
	for _, ecType := range []string{"isa_l_rs_vand", "isa_l_rs_cauchy", "liberasurecode_rs_vand", "jerasure_rs_vand"} {
		c, err := Parse([]byte(code(ecType, 10, 4, "ec_duplication_factor = 2\nec_object_segment_size = 1000\n")))
		require.NoError(t, err)
		require.True(t, c.Policies[1].Writable())
		require.Equal(t, 28, c.Policies[1].Replicas())
		require.Equal(t, int64(1000), c.Policies[1].SegmentBytes)
	}
}

// TestAllContradictionsAreNamed: an operator mends them at once.
func TestAllContradictionsAreNamed(t *testing.T) {
	_, err := Parse([]byte("[swift-constraints]\nmax_meta_count = x\n[storage-policy:0]\nname = a b\n[storage-policy:1]\npolicy_type = y\n"))
	for _, kind := range []error{ErrHash, ErrConstraint, ErrPolicy} {
		require.ErrorIs(t, err, kind)
	}
	require.ErrorContains(t, err, "a b")
	require.ErrorContains(t, err, `"y"`)
}

// TestBounds: as many policies, and codes as wide, as the limits allow.
func TestBounds(t *testing.T) {
	policies := func(n int) string {
		var b strings.Builder
		for i := 1; i < n; i++ {
			fmt.Fprintf(&b, "[storage-policy:%d]\nname = p%d\n", i, i)
		}
		return withPolicies(b.String())
	}
	_, err := Parse([]byte(policies(maxPolicies)))
	require.NoError(t, err)
	_, err = Parse([]byte(policies(maxPolicies + 1)))
	require.ErrorContains(t, err, "more than 256 policies")
	_, err = Parse([]byte(code("isa_l_rs_cauchy", maxFragments-4, 4, fmt.Sprintf("ec_object_segment_size = %d\nec_duplication_factor = %d\n", maxSegmentBytes, maxDuplication))))
	require.NoError(t, err)
	_, err = Parse([]byte(withPolicies("[storage-policy:65535]\nname = last\n")))
	require.NoError(t, err)
}

func TestPythonInt(t *testing.T) {
	for text, want := range map[string]int64{"5": 5, " 5\n": 5, "+5": 5, "-5": -5, "1_000": 1000, "007": 7} {
		got, err := pythonInt(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "+", "--5", "+-5", "_5", "5_", "1__0", "0x5", "5.0", "5 5", "five", "+_5"} {
		_, err := pythonInt(text)
		require.Error(t, err, text)
	}
}

func TestTruth(t *testing.T) {
	for _, text := range []string{"true", "True", "1", "YES", "on", "t", "y"} {
		require.True(t, truth(text), text)
	}
	for _, text := range []string{"", "false", "0", "no", "off", "2", " true"} {
		require.False(t, truth(text), text)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	_, err := Load(dir)
	require.ErrorIs(t, err, os.ErrNotExist)
	path := filepath.Join(dir, "swift.conf")
	require.NoError(t, os.WriteFile(path, []byte(sample), 0o600))
	c, err := Load(dir)
	require.NoError(t, err)
	require.Len(t, c.Policies, 3)
	require.NoError(t, os.WriteFile(path, []byte("x"), 0o600))
	_, err = Load(dir)
	require.ErrorIs(t, err, ErrSyntax)
	require.ErrorContains(t, err, path)
}
