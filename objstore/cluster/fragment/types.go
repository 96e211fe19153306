// SPDX-License-Identifier: Apache-2.0

package fragment

import (
	"fmt"
	"slices"
	"strings"
)

// ecType is a type of coding (ec_type in swift.conf).
type ecType struct {
	name      string
	backend   uint8  // liberasurecode's number of the type
	version   uint32 // of the backend: a reader refuses any other version
	wordBytes int    // a payload is a multiple
	field     func() *field
	matrix    func(f *field, data, parity int) matrix
	compile   func(rows matrix) (transform, error)
}

// ecTypes are the types with a Codec (liberasurecode/src/backends).
var ecTypes = []ecType{
	{"jerasure_rs_vand", 1, 2 << 16, 2, wordField, jerasureVandermonde, compileWords},
	{"isa_l_rs_vand", 4, 2<<16 | 13<<8, 1, byteField, isalVandermonde, compileBytes},
	{"liberasurecode_rs_vand", 6, 1 << 16, 2, wordField, liberasurecodeVandermonde, compileWords},
	{"isa_l_rs_cauchy", 7, 2<<16 | 14<<8 | 1, 1, byteField, isalCauchy, compileBytes},
}

// Types are the values of ec_type for which New makes a Codec.
func Types() []string {
	var names []string
	for _, t := range ecTypes {
		names = append(names, t.name)
	}
	return names
}

func findType(name string) (*ecType, error) {
	i := slices.IndexFunc(ecTypes, func(t ecType) bool { return t.name == name })
	if i < 0 {
		return nil, fmt.Errorf("%w: ec_type %q is not among %s", ErrType, name, strings.Join(Types(), ", "))
	}
	return &ecTypes[i], nil
}
