// SPDX-License-Identifier: Apache-2.0

package objstore

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestErrorMatching(t *testing.T) {
	err := fmt.Errorf("around: %w", &Error{Kind: KindBody, Op: "put object", Name: "/a/c/o",
		Err: fmt.Errorf("body: %w", io.ErrUnexpectedEOF)})
	if !errors.Is(err, KindBody) || errors.Is(err, KindShortBody) || errors.Is(err, KindInternal) {
		t.Errorf("%v matches the wrong kinds", err)
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v lost its cause", err)
	}
	var oe *Error
	if !errors.As(err, &oe) || oe.Op != "put object" {
		t.Errorf("%v is no *Error", err)
	}
}

func TestErrorText(t *testing.T) {
	f := func(e *Error, want string) {
		t.Helper()
		if got := e.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	f(&Error{Kind: KindNotFound, Op: "head object", Name: "/a/c/o"}, "head object /a/c/o: not found")
	f(&Error{Kind: KindBody, Op: "put object", Name: "/a/c/o", Err: io.ErrUnexpectedEOF},
		"put object /a/c/o: body unreadable: unexpected EOF")
}

func TestKindOf(t *testing.T) {
	inner := &Error{Kind: KindCorrupt}
	f := func(err error, want Kind) {
		t.Helper()
		if got := KindOf(err); got != want {
			t.Errorf("%v: kind %q, want %q", err, got, want)
		}
	}
	f(nil, KindInternal)
	f(io.EOF, KindInternal)
	f(inner, KindCorrupt)
	f(fmt.Errorf("around: %w", inner), KindCorrupt)
	f(&Error{Kind: KindUnavailable, Err: inner}, KindUnavailable)
	f(errors.Join(io.EOF, inner), KindCorrupt)
}

func TestKindText(t *testing.T) {
	seen := map[string]Kind{}
	for k := KindInternal; k <= KindClosed; k++ {
		text := k.Error()
		if other, ok := seen[text]; ok || text == "" {
			t.Errorf("kinds %d and %d are both %q", k, other, text)
		}
		seen[text] = k
	}
	if got := Kind(200).Error(); got != "unknown error kind" {
		t.Errorf("a kind that is none: %q", got)
	}
}
