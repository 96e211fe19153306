// SPDX-License-Identifier: Apache-2.0

package config

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"needletail/proxy/swift/pipeline"
)

// optionField returns the field of a struct with the name of an option. key is
// the rest of a name such as "container_ratelimit_100", whose field is a table.
func optionField(to any, name string) (field reflect.Value, key string, ok bool) {
	v := reflect.ValueOf(to).Elem()
	for i := range v.NumField() {
		tag := v.Type().Field(i).Tag.Get("toml")
		if tag == "" || tag == "-" {
			continue
		}
		if tag == name && v.Field(i).Kind() != reflect.Struct {
			return v.Field(i), "", true
		}
		if rest, cut := strings.CutPrefix(name, tag+"_"); cut && v.Field(i).Kind() == reflect.Map {
			return v.Field(i), rest, true
		}
	}
	return reflect.Value{}, "", false
}

func hasOption(to any, name string) bool {
	_, _, ok := optionField(to, name)
	return ok
}

// setOption sets the option of a struct to a value of one of Swift's files.
func setOption(to any, name, value string) error {
	field, key, _ := optionField(to, name)
	if key != "" {
		element := reflect.New(field.Type().Elem()).Elem()
		if err := setValue(element, value); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if field.IsNil() {
			field.Set(reflect.MakeMap(field.Type()))
		}
		field.SetMapIndex(reflect.ValueOf(key), element)
		return nil
	}
	if err := setValue(field, value); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// errNoForm: the option has no form in a file of Swift.
var errNoForm = errors.New("the option has another form in needletail.toml")

func setValue(v reflect.Value, text string) error {
	if _, ok := v.Interface().(Duration); ok {
		seconds, err := strconv.ParseFloat(text, 64)
		if err != nil || !(seconds >= 0 && seconds < 1e9) {
			return fmt.Errorf("%q is no number of seconds", text)
		}
		v.SetInt(int64(seconds * float64(time.Second)))
		return nil
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return setValue(v.Elem(), text)
	case reflect.Bool:
		v.SetBool(isTrue(text))
	case reflect.String:
		v.SetString(text)
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return fmt.Errorf("%q is no number", text)
		}
		v.SetInt(n)
	case reflect.Uint16:
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return fmt.Errorf("%q is no number up to 65535", text)
		}
		v.SetUint(n)
	case reflect.Float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return fmt.Errorf("%q is no number", text)
		}
		v.SetFloat(f)
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.String {
			return errNoForm
		}
		v.Set(reflect.ValueOf(splitList(text)))
	default:
		return errNoForm
	}
	return nil
}

// isTrue is Swift's config_true_value.
func isTrue(text string) bool {
	switch strings.ToLower(text) {
	case "true", "1", "yes", "on", "t", "y":
		return true
	}
	return false
}

// splitList splits at commas and spaces.
func splitList(text string) []string {
	return strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ' ' || c == '\n' || c == '\t' })
}

// Text returns the configuration as a file with the options that differ from the
// defaults.
func (c *Config) Text() (string, error) {
	plain := Default()
	all := changedOptions(reflect.ValueOf(*c), reflect.ValueOf(plain))
	filters := map[string]any{}
	for _, f := range pipeline.Features() {
		if f.Section == "" {
			continue
		}
		changed := changedOptions(reflect.ValueOf(c.Filters[f.Name]).Elem(), reflect.ValueOf(plain.Filters[f.Name]).Elem())
		if len(changed) == 0 {
			continue
		}
		section, _ := filters[f.Section].(map[string]any) // two features may share a section
		if section == nil {
			section = map[string]any{}
			filters[f.Section] = section
		}
		for name, value := range changed {
			section[name] = value
		}
	}
	if len(filters) > 0 {
		all["filter"] = filters
	}
	var b bytes.Buffer
	e := toml.NewEncoder(&b)
	e.Indent = ""
	err := e.Encode(all)
	return b.String(), err
}

// changedOptions returns the options of a struct that differ from another.
func changedOptions(v, plain reflect.Value) map[string]any {
	changed := map[string]any{}
	for i := range v.NumField() {
		tag := v.Type().Field(i).Tag.Get("toml")
		if tag == "" || tag == "-" || reflect.DeepEqual(v.Field(i).Interface(), plain.Field(i).Interface()) {
			continue
		}
		if v.Field(i).Kind() == reflect.Struct {
			changed[tag] = changedOptions(v.Field(i), plain.Field(i))
			continue
		}
		changed[tag] = plainValue(v.Field(i))
	}
	return changed
}

// plainValue returns a value as the encoder of TOML takes the value.
func plainValue(v reflect.Value) any {
	if d, ok := v.Interface().(Duration); ok {
		return d.String()
	}
	switch v.Kind() {
	case reflect.Pointer:
		return plainValue(v.Elem())
	case reflect.Struct:
		return changedOptions(v, reflect.Zero(v.Type()))
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Struct {
			list := make([]map[string]any, v.Len())
			for i := range list {
				list[i] = changedOptions(v.Index(i), reflect.Zero(v.Type().Elem()))
			}
			return list
		}
	}
	return v.Interface()
}
