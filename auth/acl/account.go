// SPDX-License-Identifier: Apache-2.0

package acl

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Account is the ACL of a whole account: the rights of users besides the owner.
// A list is nil if the JSON had no such key, and empty if the JSON had [].
type Account struct {
	Admin     []string // all rights of an owner
	ReadWrite []string // containers and objects; of the account, only GET and HEAD
	ReadOnly  []string // GET and HEAD
}

// ParseAccountACL reads the value of X-Account-Access-Control. An empty value
// is an empty ACL. The text of an error is the reason in Swift's 400
// (tempauth.py extract_acl_and_report_errors).
func ParseAccountACL(value string) (Account, error) {
	var a Account
	if value == "" {
		return a, nil
	}
	members, err := objectMembers(value)
	if err != nil {
		return a, errors.New("Syntax error in input (" + repr(value) + ")")
	}
	for _, m := range members {
		if a.list(m.key) == nil {
			return a, errors.New("Key " + quoteJSON(m.key) + " not recognized")
		}
	}
	// Swift reports the first bad key in this order, and ignores the order of
	// the input.
	for _, key := range []string{"admin", "read-write", "read-only"} {
		for _, m := range members {
			if m.key != key {
				continue
			}
			if *a.list(key), err = grantees(key, m.value); err != nil {
				return a, err
			}
		}
	}
	return a, nil
}

// list returns the list of a key, or nil for an unknown key.
func (a *Account) list(key string) *[]string {
	switch key {
	case "admin":
		return &a.Admin
	case "read-write":
		return &a.ReadWrite
	case "read-only":
		return &a.ReadOnly
	}
	return nil
}

// member is a key of a JSON object with the value.
type member struct {
	key   string
	value json.RawMessage
}

// objectMembers reads one JSON object and nothing else. A key that comes twice
// keeps the first place and the last value, as in Python.
func objectMembers(value string) ([]member, error) {
	if !utf8.ValidString(value) {
		return nil, errors.New("not UTF-8")
	}
	dec := json.NewDecoder(strings.NewReader(value))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("not an object")
	}
	var members []member
	at := map[string]int{}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, err
		}
		m := member{}
		m.key, _ = t.(string) // the decoder lets nothing else stand there
		if err := dec.Decode(&m.value); err != nil {
			return nil, err
		}
		if i, twice := at[m.key]; twice {
			members[i] = m
			continue
		}
		at[m.key] = len(members)
		members = append(members, m)
	}
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("more than one value")
	}
	return members, nil
}

// grantees reads the list of a key.
func grantees(key string, value json.RawMessage) ([]string, error) {
	var items []json.RawMessage
	if !bytes.HasPrefix(value, []byte("[")) || json.Unmarshal(value, &items) != nil {
		return nil, errors.New("Value for key " + quoteJSON(key) + " must be a list")
	}
	list := make([]string, len(items))
	for i, item := range items {
		if !bytes.HasPrefix(item, []byte(`"`)) || json.Unmarshal(item, &list[i]) != nil {
			return nil, errors.New("Elements of " + quoteJSON(key) + " list must be strings")
		}
	}
	return list, nil
}

// String returns the canonical JSON: compact, sorted, in ASCII. String returns
// "" for an ACL without any list: an empty header removes the ACL
// (format_acl_v2).
func (a Account) String() string {
	var lists []string
	for _, key := range []string{"admin", "read-only", "read-write"} {
		list := *a.list(key)
		if list == nil {
			continue
		}
		quoted := make([]string, len(list))
		for i, g := range list {
			quoted[i] = quoteJSON(g)
		}
		lists = append(lists, quoteJSON(key)+":["+strings.Join(quoted, ",")+"]")
	}
	if lists == nil {
		return ""
	}
	return "{" + strings.Join(lists, ",") + "}"
}

// Matches says whether a group is in list. An empty name matches nothing.
func Matches(list, groups []string) bool {
	return slices.ContainsFunc(groups, func(g string) bool {
		return g != "" && slices.Contains(list, g)
	})
}
