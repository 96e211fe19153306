// SPDX-License-Identifier: Apache-2.0

package storetest

import "needletail/objstore"

// sub marks an expected subdir; no name begins with NUL.
func sub(name string) string { return "\x00" + name }

func path(p string) objstore.ListOptions { return objstore.ListOptions{Path: &p} }

type listingPage struct {
	opts objstore.ListOptions // Limit 0 stands for 10000
	want []string
}

// listingCases are sets of names and pages of the names. Swift's functional
// tests assert most of them (test/functional/tests.py, classes TestContainer,
// TestContainerPaths, TestContainerSorting).
var listingCases = []struct {
	name  string
	names []string
	pages []listingPage
}{
	{"empty", nil, []listingPage{
		{objstore.ListOptions{}, nil},
		{objstore.ListOptions{Delimiter: "/", Reverse: true}, nil},
	}},
	{"limit and markers", []string{"0", "A", "I", "R", "Z", "a", "i", "r", "z"}, []listingPage{
		{objstore.ListOptions{}, []string{"0", "A", "I", "R", "Z", "a", "i", "r", "z"}},
		{objstore.ListOptions{Limit: 3}, []string{"0", "A", "I"}},
		{objstore.ListOptions{Limit: -1}, nil},
		{objstore.ListOptions{Limit: 2, Marker: "A"}, []string{"I", "R"}},
		{objstore.ListOptions{Marker: "Rx"}, []string{"Z", "a", "i", "r", "z"}},
		{objstore.ListOptions{Marker: "z"}, nil},
		{objstore.ListOptions{Marker: "y\x00"}, []string{"z"}},
		{objstore.ListOptions{Marker: "r\x00"}, []string{"z"}},
		{objstore.ListOptions{EndMarker: "I"}, []string{"0", "A"}},
		{objstore.ListOptions{EndMarker: "I\x00"}, []string{"0", "A", "I"}},
		{objstore.ListOptions{EndMarker: "0"}, nil},
		{objstore.ListOptions{Marker: "A", EndMarker: "Z"}, []string{"I", "R"}},
		{objstore.ListOptions{Marker: "Z", EndMarker: "A"}, nil},
		{objstore.ListOptions{Marker: "A", EndMarker: "A"}, nil},
		{objstore.ListOptions{Reverse: true}, []string{"z", "r", "i", "a", "Z", "R", "I", "A", "0"}},
		{objstore.ListOptions{Reverse: true, Limit: 2, Marker: "i"}, []string{"a", "Z"}},
		{objstore.ListOptions{Reverse: true, Marker: "I\x00"}, []string{"I", "A", "0"}},
		{objstore.ListOptions{Reverse: true, Marker: "Z", EndMarker: "A"}, []string{"R", "I"}},
		{objstore.ListOptions{Reverse: true, Marker: "A", EndMarker: "Z"}, nil},
		{objstore.ListOptions{Reverse: true, EndMarker: "r"}, []string{"z"}},
	}},
	{"prefix", []string{"a", "ab", "ab\xff", "ab\xff\xff", "ac", "b", "\xff", "\xff\xff", "\xffa"}, []listingPage{
		{objstore.ListOptions{Prefix: "ab"}, []string{"ab", "ab\xff", "ab\xff\xff"}},
		{objstore.ListOptions{Prefix: "ab\xff"}, []string{"ab\xff", "ab\xff\xff"}},
		{objstore.ListOptions{Prefix: "\xff"}, []string{"\xff", "\xffa", "\xff\xff"}},
		{objstore.ListOptions{Prefix: "\xff\xff"}, []string{"\xff\xff"}},
		{objstore.ListOptions{Prefix: "\xff\xff\xff"}, nil},
		{objstore.ListOptions{Prefix: "ab", Marker: "a"}, []string{"ab", "ab\xff", "ab\xff\xff"}},
		{objstore.ListOptions{Prefix: "ab", Marker: "ab"}, []string{"ab\xff", "ab\xff\xff"}},
		{objstore.ListOptions{Prefix: "ab", Marker: "b"}, nil},
		{objstore.ListOptions{Prefix: "ab", EndMarker: "ab\xff"}, []string{"ab"}},
		{objstore.ListOptions{Prefix: "ab", EndMarker: "zzz"}, []string{"ab", "ab\xff", "ab\xff\xff"}},
		{objstore.ListOptions{Prefix: "ab", EndMarker: "a"}, nil},
		{objstore.ListOptions{Prefix: "a", Limit: 2, Reverse: true}, []string{"ac", "ab\xff\xff"}},
		{objstore.ListOptions{Prefix: "ab", Reverse: true, Marker: "ab\xff"}, []string{"ab"}},
		{objstore.ListOptions{Prefix: "\xff", Reverse: true}, []string{"\xff\xff", "\xffa", "\xff"}},
	}},
	{"delimiter of one byte", []string{"test", "test-bar", "test-foo"}, []listingPage{
		{objstore.ListOptions{Delimiter: "-"}, []string{"test", sub("test-")}},
		{objstore.ListOptions{Delimiter: "-", Reverse: true}, []string{sub("test-"), "test"}},
		{objstore.ListOptions{Delimiter: "-", Limit: 1}, []string{"test"}},
		{objstore.ListOptions{Delimiter: "-", Limit: 1, Reverse: true}, []string{sub("test-")}},
		{objstore.ListOptions{Delimiter: "-", Marker: "test"}, []string{sub("test-")}},
		{objstore.ListOptions{Delimiter: "-", Marker: "test-"}, nil},
		{objstore.ListOptions{Delimiter: "-", Marker: "test-bar"}, []string{sub("test-")}},
		{objstore.ListOptions{Delimiter: "-", Marker: "test-", Reverse: true}, []string{"test"}},
		{objstore.ListOptions{Delimiter: "-", Marker: "test-foo", Reverse: true}, []string{sub("test-"), "test"}},
		{objstore.ListOptions{Delimiter: "-", EndMarker: "test-", Reverse: true}, nil},
		{objstore.ListOptions{Delimiter: "-", EndMarker: "test-"}, []string{"test"}},
		{objstore.ListOptions{Delimiter: "t"}, []string{sub("t")}},
	}},
	{"delimiter of several bytes", []string{"test", "test-'baz", "test-&bar", "test-&foo"}, []listingPage{
		{objstore.ListOptions{Delimiter: "-&"}, []string{"test", sub("test-&"), "test-'baz"}},
		{objstore.ListOptions{Delimiter: "-&", Reverse: true}, []string{"test-'baz", sub("test-&"), "test"}},
		{objstore.ListOptions{Delimiter: "-&", Limit: 2}, []string{"test", sub("test-&")}},
		{objstore.ListOptions{Delimiter: "-&", Marker: "test-&"}, []string{"test-'baz"}},
		{objstore.ListOptions{Delimiter: "-&", Prefix: "test-"}, []string{"test-&bar", "test-&foo", "test-'baz"}},
	}},
	{"delimiter that overlaps itself", []string{"aa", "aaa", "aaaa", "baab", "baaab", "ba", "ab\xff\xff1", "ab\xff\xff2", "ab\xff3"}, []listingPage{
		{objstore.ListOptions{Delimiter: "aa"}, []string{sub("aa"), "ab\xff3", "ab\xff\xff1", "ab\xff\xff2", "ba", sub("baa")}},
		{objstore.ListOptions{Delimiter: "\xff\xff"}, []string{"aa", "aaa", "aaaa", "ab\xff3", sub("ab\xff\xff"), "ba", "baaab", "baab"}},
		{objstore.ListOptions{Delimiter: "\xff"}, []string{"aa", "aaa", "aaaa", sub("ab\xff"), "ba", "baaab", "baab"}},
	}},
	{"delimiter within the prefix", []string{"bar", "bazar"}, []listingPage{
		{objstore.ListOptions{Delimiter: "a", Prefix: "ba"}, []string{"bar", sub("baza")}},
		{objstore.ListOptions{Delimiter: "a", Prefix: "ba", Reverse: true}, []string{sub("baza"), "bar"}},
		{objstore.ListOptions{Delimiter: "a", Prefix: "b"}, []string{sub("ba")}},
	}},
	{"leading delimiter", []string{"test", "/test/bar"}, []listingPage{
		{objstore.ListOptions{Delimiter: "/"}, []string{sub("/"), "test"}},
		{objstore.ListOptions{Delimiter: "/", Prefix: "/"}, []string{sub("/test/")}},
	}},
	{"object named as its subdir", []string{"dir", "dir/", "dir/a", "dir/b/", "dir/b/c", "dir0"}, []listingPage{
		{objstore.ListOptions{Delimiter: "/"}, []string{"dir", sub("dir/"), "dir0"}},
		{objstore.ListOptions{Delimiter: "/", Reverse: true}, []string{"dir0", sub("dir/"), "dir"}},
		{objstore.ListOptions{Delimiter: "/", Prefix: "dir/"}, []string{"dir/", "dir/a", sub("dir/b/")}},
		{objstore.ListOptions{Delimiter: "/", Prefix: "dir"}, []string{"dir", sub("dir/"), "dir0"}},
		{objstore.ListOptions{Delimiter: "/", Marker: "dir/"}, []string{"dir0"}},
		{objstore.ListOptions{Delimiter: "/", Marker: "dir/b/", Prefix: "dir/"}, nil},
		{path("dir"), []string{"dir/a", "dir/b/"}},
		{path("dir/"), []string{"dir/a", "dir/b/"}},
		{path("dir/b"), []string{"dir/b/c"}},
		{path("no"), nil},
	}},
	// Container servers of Swift lose "dir0" here, the name right behind "dir/".
	{"object named as its subdir, above all", []string{"dir", "dir/", "dir/a", "dir1"}, []listingPage{
		{path(""), []string{"dir", "dir/", "dir1"}},
	}},
	{"pseudo-directories", pseudoDirectories, []listingPage{
		{path(""), []string{"dir1/", "dir2/", "file1"}},
		{path("/"), []string{"/dir1/", "/dir2/", "/file A", "/file1"}},
		{path("/dir1"), []string{"/dir1/file2", "/dir1/subdir1/", "/dir1/subdir2/"}},
		{path("/dir1/"), []string{"/dir1/file2", "/dir1/subdir1/", "/dir1/subdir2/"}},
		{path("/dir1/subdir2"), nil},
		{path("dir1"), []string{"dir1/file2", "dir1/subdir with spaces/", "dir1/subdir+with{whatever/", "dir1/subdir1/"}},
		{path("dir1/subdir1"), []string{"dir1/subdir1/file3", "dir1/subdir1/subsubdir1/"}},
		{path("dir1/subdir with spaces"), []string{"dir1/subdir with spaces/file B"}},
		{path("dir1/subdir+with{whatever"), []string{"dir1/subdir+with{whatever/file D"}},
	}},
}

var pseudoDirectories = []string{
	"/file1", "/file A", "/dir1/", "/dir2/", "/dir1/file2", "/dir1/subdir1/", "/dir1/subdir2/",
	"/dir1/subdir1/file2", "/dir1/subdir1/file3", "/dir1/subdir1/subsubdir1/", "/dir1/subdir1/subsubdir1/file5",
	"file1", "dir1/", "dir2/", "dir1/file2", "dir1/subdir1/", "dir1/subdir1/file3", "dir1/subdir1/subsubdir1/",
	"dir1/subdir1/subsubdir1/file8", "dir1/subdir with spaces/", "dir1/subdir with spaces/file B",
	"dir1/subdir+with{whatever/", "dir1/subdir+with{whatever/file D",
}
