// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"reflect"
	"slices"
	"strings"

	"needletail/cmd/needletail/config"
	"needletail/proxy/swift/pipeline"
)

// section is a table of the file.
type section struct {
	name string // "filter.slo"; "" for the keys at the top
	list bool   // the file may have more than one: [[device]]
	text string
	keys []key
	// reloads: SIGHUP takes all keys of the section.
	reloads bool
}

// key is a key of a section.
type key struct {
	name string
	kind string // what the value is
	def  string // the default, as the file writes it
	text string
	// reloads: SIGHUP takes the key.
	reloads bool
}

// reference returns all sections of a configuration: the sections of package
// config in the order of the structs, and then the sections of the filters by
// name.
func reference(root string, c config.Config) ([]section, error) {
	w := &walker{comments: &comments{root: root, files: map[string][]*ast.File{}}}
	if err := w.add(section{}, "", reflect.ValueOf(c)); err != nil {
		return nil, err
	}
	own := len(w.sections)
	for _, f := range pipeline.Features() {
		if f.Section == "" {
			continue
		}
		filter := section{name: "filter." + f.Section, reloads: true}
		if err := w.add(filter, "", reflect.ValueOf(c.Filters[f.Name]).Elem()); err != nil {
			return nil, err
		}
	}
	filters := w.sections[own:]
	slices.SortStableFunc(filters, func(a, b section) int { return cmp.Compare(a.name, b.name) })
	return append(w.sections[:own:own], merge(filters)...), nil
}

// merge joins neighbours with the same name: two features may share a section.
func merge(sections []section) (merged []section) {
	for _, s := range sections {
		if last := len(merged) - 1; last >= 0 && merged[last].name == s.name {
			merged[last].text += " " + s.text
			merged[last].keys = append(merged[last].keys, s.keys...)
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

type walker struct {
	comments *comments
	sections []section
}

// add appends s with the keys of a struct, and then the sections below s. more
// is the comment of the field that holds the struct, or "".
func (w *walker) add(s section, more string, v reflect.Value) error {
	t := v.Type()
	about, fields, err := w.comments.of(t)
	if err != nil {
		return err
	}
	if s.text, err = aboutSection(s, about, t.Name()); err != nil {
		return fmt.Errorf("%s: %w", t, err)
	}
	s.text = strings.TrimSpace(s.text + " " + more)
	at := len(w.sections)
	w.sections = append(w.sections, s)
	for i := range t.NumField() {
		field := t.Field(i)
		tag := field.Tag.Get("toml")
		if tag == "" || tag == "-" {
			continue
		}
		below := section{name: strings.TrimPrefix(s.name+"."+tag, "."), reloads: s.reloads || config.Reloads(field)}
		if field.Type.Kind() == reflect.Struct {
			if err := w.add(below, "", v.Field(i)); err != nil {
				return err
			}
			continue
		}
		text, err := description(fields[field.Name], field.Name)
		if err != nil {
			return fmt.Errorf("%s.%s: %w", t, field.Name, err)
		}
		if elem := field.Type; elem.Kind() == reflect.Slice && elem.Elem().Kind() == reflect.Struct {
			below.list = true
			if err := w.add(below, text, reflect.New(elem.Elem()).Elem()); err != nil {
				return err
			}
			continue
		}
		kind, def, err := valueOf(v.Field(i))
		if err != nil {
			return fmt.Errorf("%s.%s: %w", t, field.Name, err)
		}
		w.sections[at].keys = append(w.sections[at].keys, key{
			name: tag, kind: kind, def: cmp.Or(field.Tag.Get("default"), def), text: text, reloads: below.reloads,
		})
	}
	return nil
}

// aboutSection returns the description of a section. "Options bound …" becomes
// "These options bound …", "Log says …" becomes "[log] says …", and "Device is a
// disk …" becomes "A disk …".
func aboutSection(s section, comment, name string) (string, error) {
	text, err := description(comment, name)
	rest, _ := strings.CutPrefix(comment, name+" ")
	switch {
	case err != nil:
		return "", err
	case name == "Options":
		return "These options " + rest, nil
	case strings.HasPrefix(rest, "is ") && s.name != "" && !s.list:
		return "[" + s.name + "] " + rest, nil
	case strings.HasPrefix(rest, "is "):
		return text, nil
	}
	return "[" + s.name + "] " + rest, nil
}
