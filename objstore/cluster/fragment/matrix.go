// SPDX-License-Identifier: Apache-2.0

package fragment

// matrix is a list of rows. The matrix of a code has m rows of k coefficients:
// a parity piece is the sum of all data pieces, each times a coefficient.
type matrix [][]uint16

func newMatrix(rows, columns int) matrix {
	all := make([]uint16, rows*columns)
	m := make(matrix, rows)
	for r := range m {
		m[r] = all[r*columns : (r+1)*columns : (r+1)*columns]
	}
	return m
}

// isalVandermonde has (x^r)^c in row r (ISA-L's gf_gen_rs_matrix).
func isalVandermonde(f *field, data, parity int) matrix {
	m := newMatrix(parity, data)
	generator := uint16(1)
	for r := range m {
		power := uint16(1)
		for c := range m[r] {
			m[r][c] = power
			power = f.multiply(power, generator)
		}
		generator = f.multiply(generator, 2)
	}
	return m
}

// isalCauchy has 1/((k+r) xor c) in row r (ISA-L's gf_gen_cauchy1_matrix).
func isalCauchy(f *field, data, parity int) matrix {
	m := newMatrix(parity, data)
	for r := range m {
		for c := range m[r] {
			m[r][c] = f.invert(uint16((data + r) ^ c))
		}
	}
	return m
}

// vandermonde has i^c in row i, with 0^0 = 1.
func vandermonde(f *field, rows, columns int) matrix {
	m := newMatrix(rows, columns)
	for i := range m {
		power := uint16(1)
		for c := range m[i] {
			m[i][c] = power
			power = f.multiply(power, uint16(i))
		}
	}
	return m
}

// liberasurecodeVandermonde makes the rows of a Vandermonde matrix systematic
// (liberasurecode_rs_vand.c: make_systematic_matrix).
func liberasurecodeVandermonde(f *field, data, parity int) matrix {
	m := vandermonde(f, data+parity, data)
	f.makeSystematic(m)
	m = m[data:]
	f.scaleColumnsToOnes(m)
	return m
}

// jerasureVandermonde begins with an extended Vandermonde matrix, with the last
// row 0, …, 0, 1, and scales the rows too (jerasure's reed_sol.c:
// reed_sol_big_vandermonde_distribution_matrix).
func jerasureVandermonde(f *field, data, parity int) matrix {
	m := vandermonde(f, data+parity, data)
	last := m[len(m)-1]
	clear(last)
	last[data-1] = 1
	f.makeSystematic(m)
	m = m[data:]
	f.scaleColumnsToOnes(m)
	for _, row := range m[1:] {
		f.scaleRow(row, f.invert(row[0]))
	}
	return m
}

// makeSystematic turns the upper square of a Vandermonde matrix into the identity
// by operations on columns. The first row is 1, 0, …, 0 already. liberasurecode
// and jerasure look for a pivot that is not 0; m[i][i] never is, because the
// first i+1 rows and columns are a Vandermonde matrix too.
func (f *field) makeSystematic(m matrix) {
	for i := 1; i < len(m[0]); i++ {
		f.scaleColumn(m, i, f.invert(m[i][i]))
		for j, factor := range m[i] {
			if j != i && factor != 0 {
				f.addColumn(m, j, i, factor)
			}
		}
	}
}

// scaleColumnsToOnes turns the first row into ones.
func (f *field) scaleColumnsToOnes(m matrix) {
	for c, a := range m[0] {
		f.scaleColumn(m, c, f.invert(a))
	}
}

func (f *field) scaleColumn(m matrix, c int, factor uint16) {
	for r := range m {
		m[r][c] = f.multiply(m[r][c], factor)
	}
}

// addColumn adds factor times column from to column to.
func (f *field) addColumn(m matrix, to, from int, factor uint16) {
	for r := range m {
		m[r][to] ^= f.multiply(m[r][from], factor)
	}
}

// inverse returns the inverse of a square matrix, which it uses up, or false if
// there is none.
func (f *field) inverse(m matrix) (matrix, bool) {
	inverse := newMatrix(len(m), len(m))
	for i := range inverse {
		inverse[i][i] = 1
	}
	for i := range m {
		pivot := i
		for pivot < len(m) && m[pivot][i] == 0 {
			pivot++
		}
		if pivot == len(m) {
			return nil, false
		}
		m[i], m[pivot] = m[pivot], m[i]
		inverse[i], inverse[pivot] = inverse[pivot], inverse[i]
		factor := f.invert(m[i][i])
		f.scaleRow(m[i], factor)
		f.scaleRow(inverse[i], factor)
		for r := range m {
			if factor := m[r][i]; r != i && factor != 0 {
				f.addRow(m[r], m[i], factor)
				f.addRow(inverse[r], inverse[i], factor)
			}
		}
	}
	return inverse, true
}
