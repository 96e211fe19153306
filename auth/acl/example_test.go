// SPDX-License-Identifier: Apache-2.0

package acl_test

import (
	"fmt"

	"needletail/auth/acl"
)

// A container with ".r:*" is read by everybody, and the group by its members.
func ExampleParse() {
	referrers, groups := acl.Parse(".r:*,.rlistings,test:tester")
	fmt.Println(acl.ReferrerAllowed("", referrers))
	fmt.Println(acl.Matches(groups, []string{"test", "test:tester"}))
	// Output:
	// true
	// true
}

// Clean returns the value of X-Container-Read as a container keeps the value.
func ExampleClean() {
	value, err := acl.Clean("X-Container-Read", ".ref:*.example.com , bob")
	fmt.Println(value, err)
	// Output: .r:.example.com,bob <nil>
}

// ReferrerAllowed judges the Referer header of a request.
func ExampleReferrerAllowed() {
	referrers, _ := acl.Parse(".r:.example.com,.r:-bad.example.com")
	fmt.Println(acl.ReferrerAllowed("http://www.example.com/page", referrers))
	fmt.Println(acl.ReferrerAllowed("http://bad.example.com/page", referrers))
	// Output:
	// true
	// false
}
