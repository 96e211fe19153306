// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"reflect"
	"slices"

	"needletail/proxy/swift/pipeline"
)

// Tags of options. On a section or a list of sections a tag counts for all
// options below. The options of filters all have the tag reload: the server
// builds the filters anew.
const (
	// tagReload marks an option that a running server takes at SIGHUP.
	tagReload = "reload"
	// tagSecret marks an option whose value nobody may see.
	tagSecret = "secret"
)

// Reloads reports whether SIGHUP takes a field of a section, whatever holds for
// the section.
func Reloads(f reflect.StructField) bool { return f.Tag.Get(tagReload) != "" }

// Option is an option of a configuration.
type Option struct {
	// Key is the name with the section, "limits.max_file_size". An option of a
	// list has its place from 0 on, "policy[0].name".
	Key string
	// Reloads: a running server takes the option at SIGHUP.
	Reloads bool
	// Secret: the value is for the server alone.
	Secret bool
	// Value is the value. The caller must not change the value.
	Value reflect.Value
}

// Options returns the options in the order of the reference.
func (c *Config) Options() []Option {
	w := optionWalk{}
	w.section("", false, reflect.ValueOf(c).Elem())
	for _, f := range pipeline.Features() {
		if f.Section != "" {
			w.section("filter."+f.Section, true, reflect.ValueOf(c.Filters[f.Name]).Elem())
		}
	}
	return w.found
}

// optionWalk gathers options.
type optionWalk struct{ found []Option }

// section adds the options of a section and of the sections below.
func (w *optionWalk) section(prefix string, reloads bool, v reflect.Value) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		key, ok := keyOf(prefix, field)
		if !ok {
			continue
		}
		reloads := reloads || Reloads(field)
		switch {
		case field.Type.Kind() == reflect.Struct:
			w.section(key, reloads, v.Field(i))
		case isList(field.Type):
			for n := range v.Field(i).Len() {
				w.section(fmt.Sprintf("%s[%d]", key, n), reloads, v.Field(i).Index(n))
			}
		default:
			w.found = append(w.found, Option{Key: key, Reloads: reloads, Secret: field.Tag.Get(tagSecret) != "", Value: v.Field(i)})
		}
	}
}

// keyOf returns the key of a field in the section prefix. A field without a key
// is no option.
func keyOf(prefix string, f reflect.StructField) (key string, ok bool) {
	key = f.Tag.Get("toml")
	if key == "" || key == "-" {
		return "", false
	}
	if prefix != "" {
		key = prefix + "." + key
	}
	return key, true
}

// isList reports whether a type is a list of sections.
func isList(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct
}

// Take returns the configuration of a running server that was configured by c
// and reads next: the options that reload are those of next, all others those
// of c. restart names the others that differ in next.
func (c *Config) Take(next *Config) (taken Config, restart []string) {
	taken = *c
	from := *next
	if c.TLS.On() != next.TLS.On() { // another kind of port
		from.TLS = c.TLS
		restart = append(restart, "tls.cert_file")
	}
	restart = append(restart, takeSection("", false, reflect.ValueOf(&taken).Elem(), reflect.ValueOf(&from).Elem())...)
	taken.Filters, taken.defined = next.Filters, next.defined
	return taken, restart
}

// takeSection takes a section of from into to.
func takeSection(prefix string, reloads bool, to, from reflect.Value) (restart []string) {
	for i := range to.NumField() {
		field := to.Type().Field(i)
		key, ok := keyOf(prefix, field)
		if !ok {
			continue
		}
		reloads, old, now := reloads || Reloads(field), to.Field(i), from.Field(i)
		switch {
		case field.Type.Kind() == reflect.Struct:
			restart = append(restart, takeSection(key, reloads, old, now)...)
		case same(old, now):
		case reloads:
			old.Set(now)
		case isList(field.Type):
			restart = append(restart, takeList(key, old, now)...)
		default:
			restart = append(restart, key)
		}
	}
	return restart
}

// takeList takes a list of sections of which only some options reload: all of
// the list, or nothing.
func takeList(key string, to, from reflect.Value) (restart []string) {
	if to.Len() != from.Len() {
		return []string{key}
	}
	list := reflect.MakeSlice(to.Type(), to.Len(), to.Len())
	reflect.Copy(list, to)
	for n := range list.Len() {
		restart = append(restart, takeSection(key, false, list.Index(n), from.Index(n))...)
	}
	if len(restart) == 0 {
		to.Set(list)
	}
	slices.Sort(restart)
	return slices.Compact(restart)
}

// same reports whether two values of an option mean the same. A missing list
// is an empty list.
func same(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Slice, reflect.Map:
		if a.Len() == 0 && b.Len() == 0 {
			return true
		}
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}

// Same reports whether two configurations have the same options.
func (c *Config) Same(o *Config) bool {
	return slices.EqualFunc(c.Options(), o.Options(), func(a, b Option) bool { return a.Key == b.Key && same(a.Value, b.Value) })
}
