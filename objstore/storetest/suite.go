// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"testing"

	"needletail/objstore"
)

// The policies of Policies.
const (
	policyDefault    objstore.PolicyIndex = 0
	policySecond     objstore.PolicyIndex = 1
	policyDeprecated objstore.PolicyIndex = 2
	policyUnknown    objstore.PolicyIndex = 77
)

// Policies returns the policies of a store under test.
func Policies() objstore.Policies {
	return objstore.Policies{
		{Index: policyDefault, Name: "Policy-0", Default: true},
		{Index: policySecond, Name: "second", Aliases: []string{"zweite"}},
		{Index: policyDeprecated, Name: "old", Deprecated: true},
	}
}

// Run checks that the stores of open keep the contract.
func Run(t *testing.T, open func(t *testing.T) objstore.Store) {
	subtests := []struct {
		name string
		run  func(*env)
	}{
		{"AccountLifecycle", testAccountLifecycle},
		{"AccountMetadata", testAccountMetadata},
		{"AccountUsagePerPolicy", testAccountUsagePerPolicy},
		{"ContainerLifecycle", testContainerLifecycle},
		{"ContainerMetadata", testContainerMetadata},
		{"ContainerPolicy", testContainerPolicy},
		{"ContainerModified", testContainerModified},
		{"ContainerEntries", testContainerEntries},
		{"Put", testPut},
		{"PutOwnsItsArguments", testPutOwnsItsArguments},
		{"PutUnreadBody", testPutUnreadBody},
		{"PutIfNoneMatch", testPutIfNoneMatch},
		{"PutChecksAgainAtCommit", testPutChecksAgainAtCommit},
		{"PutETag", testPutETag},
		{"PutTimestamp", testPutTimestamp},
		{"PutTimestampOffset", testPutTimestampOffset},
		{"PutFinish", testPutFinish},
		{"PutAnyETag", testPutAnyETag},
		{"BodyLength", testBodyLength},
		{"BodyReaders", testBodyReaders},
		{"BodyFails", testBodyFails},
		{"SHA512", testSHA512},
		{"Sizes", testSizes},
		{"Ranges", testRanges},
		{"OpenSurvives", testOpenSurvives},
		{"Post", testPost},
		{"Delete", testDelete},
		{"Expired", testExpired},
		{"DeleteIfDeleteAt", testDeleteIfDeleteAt},
		{"DeleteTimestamp", testDeleteTimestamp},
		{"Names", testNames},
		{"InvalidNames", testInvalidNames},
		{"Errors", testErrors},
		{"Listings", testListings},
		{"ListingPages", testListingPages},
		{"ListingEntries", testListingEntries},
		{"ListingVisit", testListingVisit},
		{"ReservedNames", testReservedNames},
		{"ConcurrentWriters", testConcurrentWriters},
		{"CachedInfo", testCachedInfo},
		{"ConcurrentIfNoneMatch", testConcurrentIfNoneMatch},
		{"ConcurrentContainerDelete", testConcurrentContainerDelete},
		{"Closed", testClosed},
	}
	for _, st := range subtests {
		t.Run(st.name, func(t *testing.T) { st.run(newEnv(t, open)) })
	}
}

const testAccount objstore.AccountName = "AUTH_test"

// env is a subtest: its store and an account without containers.
type env struct {
	testing.TB
	s   objstore.Store
	g   objstore.Guarantees // of s
	ctx context.Context

	// accounts are checked at the end, where counters are late.
	accounts map[objstore.AccountName]bool
}

func newEnv(t *testing.T, open func(t *testing.T) objstore.Store) *env {
	e := &env{TB: t, s: open(t), ctx: context.Background(), accounts: map[objstore.AccountName]bool{}}
	e.g = e.s.Guarantees()
	t.Cleanup(func() {
		for a := range e.accounts {
			CheckCounts(t, e.s, a)
		}
		if err := e.s.Close(); err != nil && objstore.KindOf(err) != objstore.KindClosed {
			t.Errorf("close: %v", err)
		}
	})
	return e
}

// container makes a container of the test account.
func (e *env) container(name objstore.ContainerName) objstore.ContainerID {
	e.Helper()
	id := objstore.ContainerID{Account: testAccount, Container: name}
	created, err := e.s.PutContainer(e.ctx, id, objstore.PutContainerOptions{})
	e.ok(err)
	if !created {
		e.Fatalf("%v was there before", id)
	}
	return id
}

func (e *env) ok(err error) {
	e.Helper()
	if err != nil {
		e.Fatalf("unexpected error: %v", err)
	}
}

// wantKind checks a failure.
func (e *env) wantKind(err error, want objstore.Kind) {
	e.Helper()
	if err == nil {
		e.Fatalf("no error, want %q", want)
	}
	if got := objstore.KindOf(err); got != want {
		e.Fatalf("kind %q, want %q: %v", got, want, err)
	}
}

func (e *env) wantEqual(what string, got, want any) {
	e.Helper()
	if got != want {
		e.Errorf("%s: got %v, want %v", what, got, want)
	}
}
