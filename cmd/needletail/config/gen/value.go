// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"needletail/proxy/option"
)

// valueOf returns the kind of a value in words, and the value in TOML.
func valueOf(v reflect.Value) (kind, text string, err error) {
	if d, ok := v.Interface().(option.Duration); ok {
		return "duration", strconv.Quote(d.String()), nil
	}
	switch v.Kind() {
	case reflect.Bool:
		return "boolean", strconv.FormatBool(v.Bool()), nil
	case reflect.Int, reflect.Int64:
		return "integer", strconv.FormatInt(v.Int(), 10), nil
	case reflect.Uint16:
		return "integer", strconv.FormatUint(v.Uint(), 10), nil
	case reflect.Float64:
		return "number", number(v.Float()), nil
	case reflect.String:
		return "string", strconv.Quote(v.String()), nil
	case reflect.Pointer:
		return valueOf(reflect.Zero(v.Type().Elem()))
	case reflect.Slice:
		return listOf(v)
	case reflect.Map:
		return tableOf(v)
	}
	return "", "", fmt.Errorf("the reference has no words for a %s", v.Type())
}

// number returns a number with a decimal point.
func number(f float64) string {
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// plural returns the plural of a kind: "strings", "lists of strings".
func plural(kind string) string {
	if rest, ok := strings.CutPrefix(kind, "list "); ok {
		return "lists " + rest
	}
	return kind + "s"
}

func listOf(v reflect.Value) (kind, text string, err error) {
	kind, _, err = valueOf(reflect.Zero(v.Type().Elem()))
	var elements []string
	for i := range v.Len() {
		_, element, _ := valueOf(v.Index(i)) // of the kind that was asked for above
		elements = append(elements, element)
	}
	return "list of " + plural(kind), "[" + strings.Join(elements, ", ") + "]", err
}

func tableOf(v reflect.Value) (kind, text string, err error) {
	kind, _, err = valueOf(reflect.Zero(v.Type().Elem()))
	entries := map[string]string{}
	for _, k := range v.MapKeys() {
		_, entries[k.String()], _ = valueOf(v.MapIndex(k)) // of the kind that was asked for above
	}
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		pairs = append(pairs, strconv.Quote(name)+" = "+entries[name])
	}
	return "table of " + plural(kind), "{" + strings.Join(pairs, ", ") + "}", err
}
