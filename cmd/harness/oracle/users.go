// SPDX-License-Identifier: Apache-2.0

package main

import "strings"

// user is an account's user on both servers.
type user struct {
	account, name, key string
	groups             []string
}

// scriptUsers are the users of Swift's functional tests. The first user sends the
// steps that name no user.
var scriptUsers = []user{
	{"test", "tester", "testing", []string{".admin"}},
	{"test", "tester3", "testing3", nil},
	{"test2", "tester2", "testing2", []string{".admin"}},
	{"admin", "admin", "admin", []string{".admin", ".reseller_admin"}},
}

// anonymous is the user of a step without a token.
const anonymous = "-"

func (u user) swiftLine() string {
	return "user_" + u.account + "_" + u.name + " = " + strings.Join(append([]string{u.key}, u.groups...), " ")
}

func (u user) needletailFlag() string {
	return u.account + ":" + u.name + "=" + strings.Join(append([]string{u.key}, u.groups...), ",")
}
