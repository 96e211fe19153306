//go:build nodigest

package checksum

// takesMD5: with the build tag nodigest the server is the benchmarks' floor, the
// same in all but that no MD5 is ever taken and every ETag is random.
const takesMD5 = false
