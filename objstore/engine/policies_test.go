// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
)

func TestRenamePolicies(t *testing.T) {
	two := func(one, other string, byDefault objstore.PolicyIndex) objstore.Policies {
		return objstore.Policies{{Index: 0, Name: one, Default: byDefault == 0}, {Index: 1, Name: other, Default: byDefault == 1}}
	}
	e, err := Open(t.TempDir(), Options{Policies: two("a", "b", 0), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	made := func(container objstore.ContainerName) objstore.PolicyIndex {
		id := objstore.ContainerID{Account: "a", Container: container}
		_, err := e.PutContainer(t.Context(), id, objstore.PutContainerOptions{})
		require.NoError(t, err)
		info, err := e.HeadContainer(t.Context(), id, objstore.InfoOptions{})
		require.NoError(t, err)
		return info.Policy
	}
	require.EqualValues(t, 0, made("first"))
	require.NoError(t, e.RenamePolicies(two("c", "d", 1)))
	require.EqualValues(t, 1, made("second"))

	other, more := two("c", "d", 0), two("c", "d", 0)
	other[1].Index = 2
	more[1].Copies = 2
	for _, wrong := range []objstore.Policies{nil, two("c", "c", 0), two("c", "d", 2), two("c", "d", 0)[:1], other, more} {
		require.ErrorIs(t, e.RenamePolicies(wrong), objstore.KindInvalid)
	}
	require.EqualValues(t, 1, made("third"), "refused policies change nothing")
}
