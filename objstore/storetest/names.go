// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"needletail/objstore"
)

// oddNames are names that a file system or an encoding would fold or refuse.
func oddNames() []string {
	names := []string{"a", "a/", "a/b", "a//b", "a/../b", "a/./b", "../a", "/", "//", "/a", ".", "..", " ", "a ",
		"A", "é", "e\u0301", "日本語", "\U0001f426", "a\nb", "a\tb", "a\\b", "%2F", "a%00", "con", "\x7f", "\xff",
		"\xff\xff", "\xc3\x28", "\xed\xa0\x80", strings.Repeat("x", 1024), strings.Repeat("/", 1024),
		strings.Repeat("ü", 512), strings.Repeat("\xff", 1024)}
	for b := byte(1); b < 0x20; b++ {
		names = append(names, string([]byte{b}), "p"+string([]byte{b, 'q'}))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func testNames(e *env) {
	c := e.container("c")
	names := e.texts(oddNames())
	slices.Sort(names)
	names = slices.Compact(names)
	var total int64
	for i, name := range names {
		body := []byte(strings.Repeat("x", i) + name)
		total += int64(len(body))
		e.put(c.Object(objstore.ObjectName(name)), body, objstore.PutOptions{})
	}
	e.wantUsage(c, int64(len(names)), total)
	var listed []string
	for _, entry := range allObjects(e, e.s, c) {
		listed = append(listed, entry.Name)
	}
	if !slices.Equal(listed, names) {
		e.Errorf("listed %q, want %q", listed, names)
	}
	for i, name := range names {
		e.wantBody(c.Object(objstore.ObjectName(name)), []byte(strings.Repeat("x", i)+name))
	}
	for i, name := range names {
		_, err := e.s.DeleteObject(e.ctx, c.Object(objstore.ObjectName(name)), objstore.DeleteOptions{})
		e.ok(err)
		if i%20 == 0 {
			e.wantListed(c, len(names)-i-1)
		}
	}
	e.wantUsage(c, 0, 0)

	// The same bytes cut at different places are different objects.
	for _, id := range []objstore.ObjectID{
		{Account: "AUTH_test", Container: "ab", Object: "c"}, {Account: "AUTH_test", Container: "a", Object: "bc"},
		{Account: "AUTH_testa", Container: "b", Object: "c"}, {Account: "AUTH_\xff", Container: "\xff", Object: "\xff"},
		{Account: "/", Container: "..", Object: "../../c"}, {Account: "AUTH_test", Container: "a", Object: "b/c"},
	} {
		if a := string(id.Account); !e.g.OpaqueBytes && (strings.Contains(a, "/") || !utf8.ValidString(a)) {
			continue // Swift's paths divide accounts at '/', and are UTF-8
		}
		_, err := e.s.PutContainer(e.ctx, id.ContainerID(), objstore.PutContainerOptions{})
		e.ok(err)
		e.wantAbsent(id)
		e.put(id, []byte(id.String()), objstore.PutOptions{})
		e.wantBody(id, []byte(id.String()))
		CheckCounts(e, e.s, id.Account)
	}
}

func testInvalidNames(e *env) {
	c := e.container("c")
	for _, name := range []objstore.ObjectName{"", "\x00", "a\x00", "a\x00b"} {
		if name == "\x00" && e.g.SwiftLayout {
			continue
		}
		_, err := e.s.PutObject(e.ctx, c.Object(name), bytes.NewReader(nil), objstore.PutOptions{})
		e.wantKind(err, objstore.KindInvalid)
	}
	for _, name := range []objstore.ContainerName{"", "\x00", "a\x00b", "a/b"} {
		if name == "\x00" && e.g.SwiftLayout {
			continue
		}
		id := objstore.ContainerID{Account: testAccount, Container: name}
		_, err := e.s.PutContainer(e.ctx, id, objstore.PutContainerOptions{})
		e.wantKind(err, objstore.KindInvalid)
	}
	for _, name := range []objstore.AccountName{"", "\x00", "a\x00b"} {
		_, err := e.s.PostAccount(e.ctx, name, objstore.MetadataUpdate{})
		e.wantKind(err, objstore.KindInvalid)
	}
	e.wantUsage(c, 0, 0)
}

// testReservedNames asks that the names of Swift's features are kept, and
// listed for features alone; or refused, where features have other names.
func testReservedNames(e *env) {
	e.container("plain")
	c := objstore.ContainerID{Account: testAccount, Container: "\x00versions\x00plain"}
	id := c.Object("\x00o\x008403535322.44443")
	_, err := e.s.PutContainer(e.ctx, c, objstore.PutContainerOptions{})
	if !e.g.SwiftLayout {
		e.wantKind(err, objstore.KindInvalid)
		return
	}
	e.ok(err)
	e.put(id, []byte("version"), objstore.PutOptions{})
	e.wantBody(id, []byte("version"))
	list := func(reserved bool) (containers, objects []string) {
		o := everything
		o.Reserved = reserved
		e.ok(e.s.ListContainers(e.ctx, testAccount, o, func(c *objstore.ContainerEntry) error {
			containers = append(containers, c.Name)
			return nil
		}))
		e.ok(e.s.ListObjects(e.ctx, c, o, func(o *objstore.ObjectEntry) error {
			objects = append(objects, o.Name)
			return nil
		}))
		return containers, objects
	}
	e.settle(e.g.ListedAtOnce, func(e *env) {
		containers, objects := list(true)
		wantNames(e, everything, containers, []string{string(c.Container), "plain"})
		wantNames(e, everything, objects, []string{string(id.Object)})
	})
	containers, objects := list(false)
	wantNames(e, everything, containers, []string{"plain"})
	wantNames(e, everything, objects, nil)
}

// everyCall runs every method of a Store on absent names, and returns the
// errors by the operation's name.
func everyCall(e *env, id objstore.ObjectID) map[string]error {
	s, ctx, c, a := e.s, e.ctx, id.ContainerID(), id.Account
	errs := map[string]error{}
	_, errs["head account"] = s.HeadAccount(ctx, a, objstore.InfoOptions{})
	errs["delete account"] = s.DeleteAccount(ctx, a)
	errs["list containers"] = s.ListContainers(ctx, a, everything, func(*objstore.ContainerEntry) error { return nil })
	_, errs["head container"] = s.HeadContainer(ctx, c, objstore.InfoOptions{})
	errs["post container"] = s.PostContainer(ctx, c, objstore.MetadataUpdate{})
	errs["delete container"] = s.DeleteContainer(ctx, c)
	errs["list objects"] = s.ListObjects(ctx, c, everything, func(*objstore.ObjectEntry) error { return nil })
	_, errs["put object"] = s.PutObject(ctx, id, bytes.NewReader(nil), objstore.PutOptions{})
	_, errs["head object"] = s.HeadObject(ctx, id, objstore.OpenOptions{})
	_, errs["open object"] = s.OpenObject(ctx, id, objstore.OpenOptions{})
	_, errs["post object"] = s.PostObject(ctx, id, objstore.PostOptions{})
	_, errs["delete object"] = s.DeleteObject(ctx, id, objstore.DeleteOptions{})
	return errs
}

func testErrors(e *env) {
	id := objstore.ObjectID{Account: "AUTH_nobody", Container: "c", Object: "o"}
	for op, err := range everyCall(e, id) {
		var oe *objstore.Error
		if !errors.As(err, &oe) {
			e.Errorf("%s: %v is not an *objstore.Error", op, err)
			continue
		}
		e.wantEqual("operation", oe.Op, op)
		if oe.Name == "" || !strings.HasPrefix(id.String(), oe.Name) {
			e.Errorf("%s: the error names %q, not %q", op, oe.Name, id)
		}
		e.wantNotFound(err)
	}
}

func testClosed(e *env) {
	id := e.container("c").Object("o")
	e.put(id, []byte("x"), objstore.PutOptions{})
	e.ok(e.s.Close())
	errs := everyCall(e, id)
	_, errs["post account"] = e.s.PostAccount(e.ctx, testAccount, objstore.MetadataUpdate{})
	_, errs["put container"] = e.s.PutContainer(e.ctx, id.ContainerID(), objstore.PutContainerOptions{})
	for op, err := range errs {
		if !errors.Is(err, objstore.KindClosed) {
			e.Errorf("%s on a closed store: %v", op, err)
		}
	}
}
