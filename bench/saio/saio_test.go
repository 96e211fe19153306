// SPDX-License-Identifier: Apache-2.0

//go:build cluster

package saio

import (
	"encoding/json"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOwnPolicies: the policies are the package's own, whatever swift.conf the machine
// has, and the machine's is left as it was. The swift.conf of Debian's package has a
// single policy.
func TestOwnPolicies(t *testing.T) {
	const ofTheMachine = "/etc/swift/swift.conf"
	before, errBefore := os.ReadFile(ofTheMachine)
	c, err := Start(Options{Dir: t.TempDir(), Filters: []string{"healthcheck", "cache"}, Workers: 1})
	require.NoError(t, err)
	defer c.Stop()
	after, errAfter := os.ReadFile(ofTheMachine)
	require.Equal(t, errBefore, errAfter)
	require.Equal(t, before, after)
	res, err := http.Get("http://" + c.Addr + "/info")
	require.NoError(t, err)
	defer res.Body.Close()
	var info struct {
		Swift struct {
			Policies []map[string]any `json:"policies"`
		} `json:"swift"`
	}
	require.NoError(t, json.NewDecoder(res.Body).Decode(&info))
	require.Equal(t, []map[string]any{
		{"name": "Policy-0", "aliases": "Policy-0", "default": true}, {"name": "silver", "aliases": "silver"},
	}, info.Swift.Policies)
}
