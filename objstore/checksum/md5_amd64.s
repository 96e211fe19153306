#include "textflag.h"

// MD5 (RFC 1321) of several messages side by side: lane i of a vector register
// holds a word of message i. A block of each message is loaded as one row of 16
// words, and the rows are transposed in registers: gathering the words from
// memory instead takes several times as long as all 64 steps.

// The sines, which each step broadcasts to all lanes.
DATA sines<>+0(SB)/8, $0xe8c7b756d76aa478
DATA sines<>+8(SB)/8, $0xc1bdceee242070db
DATA sines<>+16(SB)/8, $0x4787c62af57c0faf
DATA sines<>+24(SB)/8, $0xfd469501a8304613
DATA sines<>+32(SB)/8, $0x8b44f7af698098d8
DATA sines<>+40(SB)/8, $0x895cd7beffff5bb1
DATA sines<>+48(SB)/8, $0xfd9871936b901122
DATA sines<>+56(SB)/8, $0x49b40821a679438e
DATA sines<>+64(SB)/8, $0xc040b340f61e2562
DATA sines<>+72(SB)/8, $0xe9b6c7aa265e5a51
DATA sines<>+80(SB)/8, $0x02441453d62f105d
DATA sines<>+88(SB)/8, $0xe7d3fbc8d8a1e681
DATA sines<>+96(SB)/8, $0xc33707d621e1cde6
DATA sines<>+104(SB)/8, $0x455a14edf4d50d87
DATA sines<>+112(SB)/8, $0xfcefa3f8a9e3e905
DATA sines<>+120(SB)/8, $0x8d2a4c8a676f02d9
DATA sines<>+128(SB)/8, $0x8771f681fffa3942
DATA sines<>+136(SB)/8, $0xfde5380c6d9d6122
DATA sines<>+144(SB)/8, $0x4bdecfa9a4beea44
DATA sines<>+152(SB)/8, $0xbebfbc70f6bb4b60
DATA sines<>+160(SB)/8, $0xeaa127fa289b7ec6
DATA sines<>+168(SB)/8, $0x04881d05d4ef3085
DATA sines<>+176(SB)/8, $0xe6db99e5d9d4d039
DATA sines<>+184(SB)/8, $0xc4ac56651fa27cf8
DATA sines<>+192(SB)/8, $0x432aff97f4292244
DATA sines<>+200(SB)/8, $0xfc93a039ab9423a7
DATA sines<>+208(SB)/8, $0x8f0ccc92655b59c3
DATA sines<>+216(SB)/8, $0x85845dd1ffeff47d
DATA sines<>+224(SB)/8, $0xfe2ce6e06fa87e4f
DATA sines<>+232(SB)/8, $0x4e0811a1a3014314
DATA sines<>+240(SB)/8, $0xbd3af235f7537e82
DATA sines<>+248(SB)/8, $0xeb86d3912ad7d2bb
GLOBL sines<>(SB), RODATA|NOPTR, $256

// STEP16 is a = b + rotate(a + f(b, c, d) + w + sines[k/4], s), where table is
// the truth table of f over (b, c, d). Every step waits for the b of the one
// before; VPTERNLOGD has the least latency for the operand that it overwrites, so
// that is a copy of b (Zen 4: 9.0 GB/s of 16 lanes, 7.8 with a copy of d).
#define STEP16(a, b, c, d, w, k, s, table) \
	VPADDD.BCST sines<>+k(SB), w, Z24    \
	VMOVDQA64   b, Z25                   \
	VPADDD      Z24, a, a                \
	VPTERNLOGD  table, d, c, Z25         \
	VPADDD      Z25, a, a                \
	VPROLD      $s, a, a                 \
	VPADDD      b, a, a

// The functions of the four rounds as truth tables.
#define TABLE_F $0xCA
#define TABLE_G $0xE4
#define TABLE_H $0x96
#define TABLE_I $0x39

#define LOAD16(i, row) \
	MOVQ      (8*i)(SI), AX    \
	VMOVDQU32 (AX)(BX*1), row

// Each of these takes two rows apart and puts them together again.
#define ZIP32(a, b) \
	VMOVDQA64  a, Z26    \
	VPUNPCKLDQ b, Z26, a \
	VPUNPCKHDQ b, Z26, b
#define ZIP64(a, b) \
	VMOVDQA64   a, Z26    \
	VPUNPCKLQDQ b, Z26, a \
	VPUNPCKHQDQ b, Z26, b
#define ZIP128(a, b) \
	VMOVDQA64  a, Z26           \
	VSHUFI32X4 $0x88, b, Z26, a \
	VSHUFI32X4 $0xDD, b, Z26, b

// func md5Blocks16(state *[4][16]uint32, lanes *[16]*byte, blocks int)
//
// Words 0 to 15 end up in registers 0 2 1 3, 4 6 5 7, 8 10 9 11, 12 14 13 15.
TEXT ·md5Blocks16(SB), NOSPLIT, $0-24
	MOVQ state+0(FP), DI
	MOVQ lanes+8(FP), SI
	MOVQ blocks+16(FP), CX
	XORQ BX, BX
	VMOVDQU32 0(DI), Z16
	VMOVDQU32 64(DI), Z17
	VMOVDQU32 128(DI), Z18
	VMOVDQU32 192(DI), Z19

block:
	LOAD16(0, Z0)
	LOAD16(1, Z1)
	LOAD16(2, Z2)
	LOAD16(3, Z3)
	LOAD16(4, Z4)
	LOAD16(5, Z5)
	LOAD16(6, Z6)
	LOAD16(7, Z7)
	LOAD16(8, Z8)
	LOAD16(9, Z9)
	LOAD16(10, Z10)
	LOAD16(11, Z11)
	LOAD16(12, Z12)
	LOAD16(13, Z13)
	LOAD16(14, Z14)
	LOAD16(15, Z15)
	ZIP32(Z0, Z1)
	ZIP32(Z2, Z3)
	ZIP32(Z4, Z5)
	ZIP32(Z6, Z7)
	ZIP32(Z8, Z9)
	ZIP32(Z10, Z11)
	ZIP32(Z12, Z13)
	ZIP32(Z14, Z15)
	ZIP64(Z0, Z2)
	ZIP64(Z1, Z3)
	ZIP64(Z4, Z6)
	ZIP64(Z5, Z7)
	ZIP64(Z8, Z10)
	ZIP64(Z9, Z11)
	ZIP64(Z12, Z14)
	ZIP64(Z13, Z15)
	ZIP128(Z0, Z4)
	ZIP128(Z8, Z12)
	ZIP128(Z1, Z5)
	ZIP128(Z9, Z13)
	ZIP128(Z2, Z6)
	ZIP128(Z10, Z14)
	ZIP128(Z3, Z7)
	ZIP128(Z11, Z15)
	ZIP128(Z0, Z8)
	ZIP128(Z4, Z12)
	ZIP128(Z1, Z9)
	ZIP128(Z5, Z13)
	ZIP128(Z2, Z10)
	ZIP128(Z6, Z14)
	ZIP128(Z3, Z11)
	ZIP128(Z7, Z15)
	VMOVDQA64 Z16, Z20
	VMOVDQA64 Z17, Z21
	VMOVDQA64 Z18, Z22
	VMOVDQA64 Z19, Z23

	STEP16(Z16, Z17, Z18, Z19, Z0, 0, 7, TABLE_F)
	STEP16(Z19, Z16, Z17, Z18, Z2, 4, 12, TABLE_F)
	STEP16(Z18, Z19, Z16, Z17, Z1, 8, 17, TABLE_F)
	STEP16(Z17, Z18, Z19, Z16, Z3, 12, 22, TABLE_F)
	STEP16(Z16, Z17, Z18, Z19, Z4, 16, 7, TABLE_F)
	STEP16(Z19, Z16, Z17, Z18, Z6, 20, 12, TABLE_F)
	STEP16(Z18, Z19, Z16, Z17, Z5, 24, 17, TABLE_F)
	STEP16(Z17, Z18, Z19, Z16, Z7, 28, 22, TABLE_F)
	STEP16(Z16, Z17, Z18, Z19, Z8, 32, 7, TABLE_F)
	STEP16(Z19, Z16, Z17, Z18, Z10, 36, 12, TABLE_F)
	STEP16(Z18, Z19, Z16, Z17, Z9, 40, 17, TABLE_F)
	STEP16(Z17, Z18, Z19, Z16, Z11, 44, 22, TABLE_F)
	STEP16(Z16, Z17, Z18, Z19, Z12, 48, 7, TABLE_F)
	STEP16(Z19, Z16, Z17, Z18, Z14, 52, 12, TABLE_F)
	STEP16(Z18, Z19, Z16, Z17, Z13, 56, 17, TABLE_F)
	STEP16(Z17, Z18, Z19, Z16, Z15, 60, 22, TABLE_F)
	STEP16(Z16, Z17, Z18, Z19, Z2, 64, 5, TABLE_G)
	STEP16(Z19, Z16, Z17, Z18, Z5, 68, 9, TABLE_G)
	STEP16(Z18, Z19, Z16, Z17, Z11, 72, 14, TABLE_G)
	STEP16(Z17, Z18, Z19, Z16, Z0, 76, 20, TABLE_G)
	STEP16(Z16, Z17, Z18, Z19, Z6, 80, 5, TABLE_G)
	STEP16(Z19, Z16, Z17, Z18, Z9, 84, 9, TABLE_G)
	STEP16(Z18, Z19, Z16, Z17, Z15, 88, 14, TABLE_G)
	STEP16(Z17, Z18, Z19, Z16, Z4, 92, 20, TABLE_G)
	STEP16(Z16, Z17, Z18, Z19, Z10, 96, 5, TABLE_G)
	STEP16(Z19, Z16, Z17, Z18, Z13, 100, 9, TABLE_G)
	STEP16(Z18, Z19, Z16, Z17, Z3, 104, 14, TABLE_G)
	STEP16(Z17, Z18, Z19, Z16, Z8, 108, 20, TABLE_G)
	STEP16(Z16, Z17, Z18, Z19, Z14, 112, 5, TABLE_G)
	STEP16(Z19, Z16, Z17, Z18, Z1, 116, 9, TABLE_G)
	STEP16(Z18, Z19, Z16, Z17, Z7, 120, 14, TABLE_G)
	STEP16(Z17, Z18, Z19, Z16, Z12, 124, 20, TABLE_G)
	STEP16(Z16, Z17, Z18, Z19, Z6, 128, 4, TABLE_H)
	STEP16(Z19, Z16, Z17, Z18, Z8, 132, 11, TABLE_H)
	STEP16(Z18, Z19, Z16, Z17, Z11, 136, 16, TABLE_H)
	STEP16(Z17, Z18, Z19, Z16, Z13, 140, 23, TABLE_H)
	STEP16(Z16, Z17, Z18, Z19, Z2, 144, 4, TABLE_H)
	STEP16(Z19, Z16, Z17, Z18, Z4, 148, 11, TABLE_H)
	STEP16(Z18, Z19, Z16, Z17, Z7, 152, 16, TABLE_H)
	STEP16(Z17, Z18, Z19, Z16, Z9, 156, 23, TABLE_H)
	STEP16(Z16, Z17, Z18, Z19, Z14, 160, 4, TABLE_H)
	STEP16(Z19, Z16, Z17, Z18, Z0, 164, 11, TABLE_H)
	STEP16(Z18, Z19, Z16, Z17, Z3, 168, 16, TABLE_H)
	STEP16(Z17, Z18, Z19, Z16, Z5, 172, 23, TABLE_H)
	STEP16(Z16, Z17, Z18, Z19, Z10, 176, 4, TABLE_H)
	STEP16(Z19, Z16, Z17, Z18, Z12, 180, 11, TABLE_H)
	STEP16(Z18, Z19, Z16, Z17, Z15, 184, 16, TABLE_H)
	STEP16(Z17, Z18, Z19, Z16, Z1, 188, 23, TABLE_H)
	STEP16(Z16, Z17, Z18, Z19, Z0, 192, 6, TABLE_I)
	STEP16(Z19, Z16, Z17, Z18, Z7, 196, 10, TABLE_I)
	STEP16(Z18, Z19, Z16, Z17, Z13, 200, 15, TABLE_I)
	STEP16(Z17, Z18, Z19, Z16, Z6, 204, 21, TABLE_I)
	STEP16(Z16, Z17, Z18, Z19, Z12, 208, 6, TABLE_I)
	STEP16(Z19, Z16, Z17, Z18, Z3, 212, 10, TABLE_I)
	STEP16(Z18, Z19, Z16, Z17, Z9, 216, 15, TABLE_I)
	STEP16(Z17, Z18, Z19, Z16, Z2, 220, 21, TABLE_I)
	STEP16(Z16, Z17, Z18, Z19, Z8, 224, 6, TABLE_I)
	STEP16(Z19, Z16, Z17, Z18, Z15, 228, 10, TABLE_I)
	STEP16(Z18, Z19, Z16, Z17, Z5, 232, 15, TABLE_I)
	STEP16(Z17, Z18, Z19, Z16, Z14, 236, 21, TABLE_I)
	STEP16(Z16, Z17, Z18, Z19, Z4, 240, 6, TABLE_I)
	STEP16(Z19, Z16, Z17, Z18, Z11, 244, 10, TABLE_I)
	STEP16(Z18, Z19, Z16, Z17, Z1, 248, 15, TABLE_I)
	STEP16(Z17, Z18, Z19, Z16, Z10, 252, 21, TABLE_I)

	VPADDD Z20, Z16, Z16
	VPADDD Z21, Z17, Z17
	VPADDD Z22, Z18, Z18
	VPADDD Z23, Z19, Z19
	ADDQ $64, BX
	DECQ CX
	JNZ  block

	VMOVDQU32 Z16, 0(DI)
	VMOVDQU32 Z17, 64(DI)
	VMOVDQU32 Z18, 128(DI)
	VMOVDQU32 Z19, 192(DI)
	VZEROUPPER
	RET

// The same with half as wide registers for at most eight lanes: a processor that
// takes a wide operation as two halves takes these in half the time.
#define STEP8V(a, b, c, d, w, k, s, table) \
	VPADDD.BCST sines<>+k(SB), w, Y24    \
	VMOVDQA32   b, Y25                   \
	VPADDD      Y24, a, a                \
	VPTERNLOGD  table, d, c, Y25         \
	VPADDD      Y25, a, a                \
	VPROLD      $s, a, a                 \
	VPADDD      b, a, a

#define LOAD8V(i, offset, row) \
	MOVQ      (8*i)(SI), AX         \
	VMOVDQU32 offset(AX)(BX*1), row
#define ZIP32V(a, b) \
	VMOVDQA32  a, Y26    \
	VPUNPCKLDQ b, Y26, a \
	VPUNPCKHDQ b, Y26, b
#define ZIP64V(a, b) \
	VMOVDQA32   a, Y26    \
	VPUNPCKLQDQ b, Y26, a \
	VPUNPCKHQDQ b, Y26, b
#define ZIP128V(a, b) \
	VMOVDQA32  a, Y26       \
	VSHUFI32X4 $0, b, Y26, a \
	VSHUFI32X4 $3, b, Y26, b
// HALF8V transposes 32 bytes from offset on of all lanes. Words 0 to 7 of these
// end up in registers a c b d e g f h.
#define HALF8V(offset, a, b, c, d, e, f, g, h) \
	LOAD8V(0, offset, a) \
	LOAD8V(1, offset, b) \
	LOAD8V(2, offset, c) \
	LOAD8V(3, offset, d) \
	LOAD8V(4, offset, e) \
	LOAD8V(5, offset, f) \
	LOAD8V(6, offset, g) \
	LOAD8V(7, offset, h) \
	ZIP32V(a, b)         \
	ZIP32V(c, d)         \
	ZIP32V(e, f)         \
	ZIP32V(g, h)         \
	ZIP64V(a, c)         \
	ZIP64V(b, d)         \
	ZIP64V(e, g)         \
	ZIP64V(f, h)         \
	ZIP128V(a, e)        \
	ZIP128V(c, g)        \
	ZIP128V(b, f)        \
	ZIP128V(d, h)

// func md5Blocks8VL(state *[4][8]uint32, lanes *[8]*byte, blocks int)
TEXT ·md5Blocks8VL(SB), NOSPLIT, $0-24
	MOVQ state+0(FP), DI
	MOVQ lanes+8(FP), SI
	MOVQ blocks+16(FP), CX
	XORQ BX, BX
	VMOVDQU32 0(DI), Y16
	VMOVDQU32 32(DI), Y17
	VMOVDQU32 64(DI), Y18
	VMOVDQU32 96(DI), Y19

block:
	HALF8V(0, Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7)
	HALF8V(32, Y8, Y9, Y10, Y11, Y12, Y13, Y14, Y15)
	VMOVDQA32 Y16, Y20
	VMOVDQA32 Y17, Y21
	VMOVDQA32 Y18, Y22
	VMOVDQA32 Y19, Y23

	STEP8V(Y16, Y17, Y18, Y19, Y0, 0, 7, TABLE_F)
	STEP8V(Y19, Y16, Y17, Y18, Y2, 4, 12, TABLE_F)
	STEP8V(Y18, Y19, Y16, Y17, Y1, 8, 17, TABLE_F)
	STEP8V(Y17, Y18, Y19, Y16, Y3, 12, 22, TABLE_F)
	STEP8V(Y16, Y17, Y18, Y19, Y4, 16, 7, TABLE_F)
	STEP8V(Y19, Y16, Y17, Y18, Y6, 20, 12, TABLE_F)
	STEP8V(Y18, Y19, Y16, Y17, Y5, 24, 17, TABLE_F)
	STEP8V(Y17, Y18, Y19, Y16, Y7, 28, 22, TABLE_F)
	STEP8V(Y16, Y17, Y18, Y19, Y8, 32, 7, TABLE_F)
	STEP8V(Y19, Y16, Y17, Y18, Y10, 36, 12, TABLE_F)
	STEP8V(Y18, Y19, Y16, Y17, Y9, 40, 17, TABLE_F)
	STEP8V(Y17, Y18, Y19, Y16, Y11, 44, 22, TABLE_F)
	STEP8V(Y16, Y17, Y18, Y19, Y12, 48, 7, TABLE_F)
	STEP8V(Y19, Y16, Y17, Y18, Y14, 52, 12, TABLE_F)
	STEP8V(Y18, Y19, Y16, Y17, Y13, 56, 17, TABLE_F)
	STEP8V(Y17, Y18, Y19, Y16, Y15, 60, 22, TABLE_F)
	STEP8V(Y16, Y17, Y18, Y19, Y2, 64, 5, TABLE_G)
	STEP8V(Y19, Y16, Y17, Y18, Y5, 68, 9, TABLE_G)
	STEP8V(Y18, Y19, Y16, Y17, Y11, 72, 14, TABLE_G)
	STEP8V(Y17, Y18, Y19, Y16, Y0, 76, 20, TABLE_G)
	STEP8V(Y16, Y17, Y18, Y19, Y6, 80, 5, TABLE_G)
	STEP8V(Y19, Y16, Y17, Y18, Y9, 84, 9, TABLE_G)
	STEP8V(Y18, Y19, Y16, Y17, Y15, 88, 14, TABLE_G)
	STEP8V(Y17, Y18, Y19, Y16, Y4, 92, 20, TABLE_G)
	STEP8V(Y16, Y17, Y18, Y19, Y10, 96, 5, TABLE_G)
	STEP8V(Y19, Y16, Y17, Y18, Y13, 100, 9, TABLE_G)
	STEP8V(Y18, Y19, Y16, Y17, Y3, 104, 14, TABLE_G)
	STEP8V(Y17, Y18, Y19, Y16, Y8, 108, 20, TABLE_G)
	STEP8V(Y16, Y17, Y18, Y19, Y14, 112, 5, TABLE_G)
	STEP8V(Y19, Y16, Y17, Y18, Y1, 116, 9, TABLE_G)
	STEP8V(Y18, Y19, Y16, Y17, Y7, 120, 14, TABLE_G)
	STEP8V(Y17, Y18, Y19, Y16, Y12, 124, 20, TABLE_G)
	STEP8V(Y16, Y17, Y18, Y19, Y6, 128, 4, TABLE_H)
	STEP8V(Y19, Y16, Y17, Y18, Y8, 132, 11, TABLE_H)
	STEP8V(Y18, Y19, Y16, Y17, Y11, 136, 16, TABLE_H)
	STEP8V(Y17, Y18, Y19, Y16, Y13, 140, 23, TABLE_H)
	STEP8V(Y16, Y17, Y18, Y19, Y2, 144, 4, TABLE_H)
	STEP8V(Y19, Y16, Y17, Y18, Y4, 148, 11, TABLE_H)
	STEP8V(Y18, Y19, Y16, Y17, Y7, 152, 16, TABLE_H)
	STEP8V(Y17, Y18, Y19, Y16, Y9, 156, 23, TABLE_H)
	STEP8V(Y16, Y17, Y18, Y19, Y14, 160, 4, TABLE_H)
	STEP8V(Y19, Y16, Y17, Y18, Y0, 164, 11, TABLE_H)
	STEP8V(Y18, Y19, Y16, Y17, Y3, 168, 16, TABLE_H)
	STEP8V(Y17, Y18, Y19, Y16, Y5, 172, 23, TABLE_H)
	STEP8V(Y16, Y17, Y18, Y19, Y10, 176, 4, TABLE_H)
	STEP8V(Y19, Y16, Y17, Y18, Y12, 180, 11, TABLE_H)
	STEP8V(Y18, Y19, Y16, Y17, Y15, 184, 16, TABLE_H)
	STEP8V(Y17, Y18, Y19, Y16, Y1, 188, 23, TABLE_H)
	STEP8V(Y16, Y17, Y18, Y19, Y0, 192, 6, TABLE_I)
	STEP8V(Y19, Y16, Y17, Y18, Y7, 196, 10, TABLE_I)
	STEP8V(Y18, Y19, Y16, Y17, Y13, 200, 15, TABLE_I)
	STEP8V(Y17, Y18, Y19, Y16, Y6, 204, 21, TABLE_I)
	STEP8V(Y16, Y17, Y18, Y19, Y12, 208, 6, TABLE_I)
	STEP8V(Y19, Y16, Y17, Y18, Y3, 212, 10, TABLE_I)
	STEP8V(Y18, Y19, Y16, Y17, Y9, 216, 15, TABLE_I)
	STEP8V(Y17, Y18, Y19, Y16, Y2, 220, 21, TABLE_I)
	STEP8V(Y16, Y17, Y18, Y19, Y8, 224, 6, TABLE_I)
	STEP8V(Y19, Y16, Y17, Y18, Y15, 228, 10, TABLE_I)
	STEP8V(Y18, Y19, Y16, Y17, Y5, 232, 15, TABLE_I)
	STEP8V(Y17, Y18, Y19, Y16, Y14, 236, 21, TABLE_I)
	STEP8V(Y16, Y17, Y18, Y19, Y4, 240, 6, TABLE_I)
	STEP8V(Y19, Y16, Y17, Y18, Y11, 244, 10, TABLE_I)
	STEP8V(Y18, Y19, Y16, Y17, Y1, 248, 15, TABLE_I)
	STEP8V(Y17, Y18, Y19, Y16, Y10, 252, 21, TABLE_I)

	VPADDD Y20, Y16, Y16
	VPADDD Y21, Y17, Y17
	VPADDD Y22, Y18, Y18
	VPADDD Y23, Y19, Y19
	ADDQ $64, BX
	DECQ CX
	JNZ  block

	VMOVDQU32 Y16, 0(DI)
	VMOVDQU32 Y17, 32(DI)
	VMOVDQU32 Y18, 64(DI)
	VMOVDQU32 Y19, 96(DI)
	VZEROUPPER
	RET

// The steps of eight lanes with AVX2, which has neither truth tables nor
// rotation. w is an offset of the stack, where the transposed words lie.
#define TAIL8(a, b, w, k, s, left) \
	VPBROADCASTD sines<>+k(SB), Y12  \
	VPADDD       w(SP), Y12, Y12     \
	VPADDD       Y12, a, a           \
	VPADDD       Y13, a, a           \
	VPSLLD       $s, a, Y14          \
	VPSRLD       $left, a, a         \
	VPOR         Y14, a, a           \
	VPADDD       b, a, a
#define STEP8F(a, b, c, d, w, k, s, left) \
	VPXOR c, d, Y13   \
	VPAND b, Y13, Y13 \
	VPXOR d, Y13, Y13 \
	TAIL8(a, b, w, k, s, left)
#define STEP8G(a, b, c, d, w, k, s, left) \
	VPXOR b, c, Y13   \
	VPAND d, Y13, Y13 \
	VPXOR c, Y13, Y13 \
	TAIL8(a, b, w, k, s, left)
#define STEP8H(a, b, c, d, w, k, s, left) \
	VPXOR c, d, Y13   \
	VPXOR b, Y13, Y13 \
	TAIL8(a, b, w, k, s, left)
#define STEP8I(a, b, c, d, w, k, s, left) \
	VPXOR Y15, d, Y13 \
	VPOR  b, Y13, Y13 \
	VPXOR c, Y13, Y13 \
	TAIL8(a, b, w, k, s, left)

#define LOAD8(i, offset, row) \
	MOVQ    (8*i)(SI), AX         \
	VMOVDQU offset(AX)(BX*1), row
#define ZIP32Y(a, b) \
	VMOVDQA    a, Y12    \
	VPUNPCKLDQ b, Y12, a \
	VPUNPCKHDQ b, Y12, b
#define ZIP64Y(a, b) \
	VMOVDQA     a, Y12    \
	VPUNPCKLQDQ b, Y12, a \
	VPUNPCKHQDQ b, Y12, b
// ZIP128Y also stores: word w of all lanes, and word w+4.
#define ZIP128Y(a, b, w) \
	VPERM2I128 $0x20, b, a, Y12      \
	VPERM2I128 $0x31, b, a, Y13      \
	VMOVDQU    Y12, (32*w)(SP)       \
	VMOVDQU    Y13, (32*w+128)(SP)
// HALF8 transposes words first to first+7 of all lanes.
#define HALF8(first) \
	LOAD8(0, 4*first, Y4) \
	LOAD8(1, 4*first, Y5) \
	LOAD8(2, 4*first, Y6) \
	LOAD8(3, 4*first, Y7) \
	LOAD8(4, 4*first, Y8) \
	LOAD8(5, 4*first, Y9) \
	LOAD8(6, 4*first, Y10) \
	LOAD8(7, 4*first, Y11) \
	ZIP32Y(Y4, Y5) \
	ZIP32Y(Y6, Y7) \
	ZIP32Y(Y8, Y9) \
	ZIP32Y(Y10, Y11) \
	ZIP64Y(Y4, Y6) \
	ZIP64Y(Y5, Y7) \
	ZIP64Y(Y8, Y10) \
	ZIP64Y(Y9, Y11) \
	ZIP128Y(Y4, Y8, (first+0)) \
	ZIP128Y(Y6, Y10, (first+1)) \
	ZIP128Y(Y5, Y9, (first+2)) \
	ZIP128Y(Y7, Y11, (first+3))

// func md5Blocks8(state *[4][8]uint32, lanes *[8]*byte, blocks int)
TEXT ·md5Blocks8(SB), NOSPLIT, $512-24
	MOVQ state+0(FP), DI
	MOVQ lanes+8(FP), SI
	MOVQ blocks+16(FP), CX
	XORQ BX, BX
	VPCMPEQD Y15, Y15, Y15
	VMOVDQU 0(DI), Y0
	VMOVDQU 32(DI), Y1
	VMOVDQU 64(DI), Y2
	VMOVDQU 96(DI), Y3

block:
	HALF8(0)
	HALF8(8)

	STEP8F(Y0, Y1, Y2, Y3, 0, 0, 7, 25)
	STEP8F(Y3, Y0, Y1, Y2, 32, 4, 12, 20)
	STEP8F(Y2, Y3, Y0, Y1, 64, 8, 17, 15)
	STEP8F(Y1, Y2, Y3, Y0, 96, 12, 22, 10)
	STEP8F(Y0, Y1, Y2, Y3, 128, 16, 7, 25)
	STEP8F(Y3, Y0, Y1, Y2, 160, 20, 12, 20)
	STEP8F(Y2, Y3, Y0, Y1, 192, 24, 17, 15)
	STEP8F(Y1, Y2, Y3, Y0, 224, 28, 22, 10)
	STEP8F(Y0, Y1, Y2, Y3, 256, 32, 7, 25)
	STEP8F(Y3, Y0, Y1, Y2, 288, 36, 12, 20)
	STEP8F(Y2, Y3, Y0, Y1, 320, 40, 17, 15)
	STEP8F(Y1, Y2, Y3, Y0, 352, 44, 22, 10)
	STEP8F(Y0, Y1, Y2, Y3, 384, 48, 7, 25)
	STEP8F(Y3, Y0, Y1, Y2, 416, 52, 12, 20)
	STEP8F(Y2, Y3, Y0, Y1, 448, 56, 17, 15)
	STEP8F(Y1, Y2, Y3, Y0, 480, 60, 22, 10)
	STEP8G(Y0, Y1, Y2, Y3, 32, 64, 5, 27)
	STEP8G(Y3, Y0, Y1, Y2, 192, 68, 9, 23)
	STEP8G(Y2, Y3, Y0, Y1, 352, 72, 14, 18)
	STEP8G(Y1, Y2, Y3, Y0, 0, 76, 20, 12)
	STEP8G(Y0, Y1, Y2, Y3, 160, 80, 5, 27)
	STEP8G(Y3, Y0, Y1, Y2, 320, 84, 9, 23)
	STEP8G(Y2, Y3, Y0, Y1, 480, 88, 14, 18)
	STEP8G(Y1, Y2, Y3, Y0, 128, 92, 20, 12)
	STEP8G(Y0, Y1, Y2, Y3, 288, 96, 5, 27)
	STEP8G(Y3, Y0, Y1, Y2, 448, 100, 9, 23)
	STEP8G(Y2, Y3, Y0, Y1, 96, 104, 14, 18)
	STEP8G(Y1, Y2, Y3, Y0, 256, 108, 20, 12)
	STEP8G(Y0, Y1, Y2, Y3, 416, 112, 5, 27)
	STEP8G(Y3, Y0, Y1, Y2, 64, 116, 9, 23)
	STEP8G(Y2, Y3, Y0, Y1, 224, 120, 14, 18)
	STEP8G(Y1, Y2, Y3, Y0, 384, 124, 20, 12)
	STEP8H(Y0, Y1, Y2, Y3, 160, 128, 4, 28)
	STEP8H(Y3, Y0, Y1, Y2, 256, 132, 11, 21)
	STEP8H(Y2, Y3, Y0, Y1, 352, 136, 16, 16)
	STEP8H(Y1, Y2, Y3, Y0, 448, 140, 23, 9)
	STEP8H(Y0, Y1, Y2, Y3, 32, 144, 4, 28)
	STEP8H(Y3, Y0, Y1, Y2, 128, 148, 11, 21)
	STEP8H(Y2, Y3, Y0, Y1, 224, 152, 16, 16)
	STEP8H(Y1, Y2, Y3, Y0, 320, 156, 23, 9)
	STEP8H(Y0, Y1, Y2, Y3, 416, 160, 4, 28)
	STEP8H(Y3, Y0, Y1, Y2, 0, 164, 11, 21)
	STEP8H(Y2, Y3, Y0, Y1, 96, 168, 16, 16)
	STEP8H(Y1, Y2, Y3, Y0, 192, 172, 23, 9)
	STEP8H(Y0, Y1, Y2, Y3, 288, 176, 4, 28)
	STEP8H(Y3, Y0, Y1, Y2, 384, 180, 11, 21)
	STEP8H(Y2, Y3, Y0, Y1, 480, 184, 16, 16)
	STEP8H(Y1, Y2, Y3, Y0, 64, 188, 23, 9)
	STEP8I(Y0, Y1, Y2, Y3, 0, 192, 6, 26)
	STEP8I(Y3, Y0, Y1, Y2, 224, 196, 10, 22)
	STEP8I(Y2, Y3, Y0, Y1, 448, 200, 15, 17)
	STEP8I(Y1, Y2, Y3, Y0, 160, 204, 21, 11)
	STEP8I(Y0, Y1, Y2, Y3, 384, 208, 6, 26)
	STEP8I(Y3, Y0, Y1, Y2, 96, 212, 10, 22)
	STEP8I(Y2, Y3, Y0, Y1, 320, 216, 15, 17)
	STEP8I(Y1, Y2, Y3, Y0, 32, 220, 21, 11)
	STEP8I(Y0, Y1, Y2, Y3, 256, 224, 6, 26)
	STEP8I(Y3, Y0, Y1, Y2, 480, 228, 10, 22)
	STEP8I(Y2, Y3, Y0, Y1, 192, 232, 15, 17)
	STEP8I(Y1, Y2, Y3, Y0, 416, 236, 21, 11)
	STEP8I(Y0, Y1, Y2, Y3, 128, 240, 6, 26)
	STEP8I(Y3, Y0, Y1, Y2, 352, 244, 10, 22)
	STEP8I(Y2, Y3, Y0, Y1, 64, 248, 15, 17)
	STEP8I(Y1, Y2, Y3, Y0, 288, 252, 21, 11)

	VPADDD 0(DI), Y0, Y0
	VMOVDQU Y0, 0(DI)
	VPADDD 32(DI), Y1, Y1
	VMOVDQU Y1, 32(DI)
	VPADDD 64(DI), Y2, Y2
	VMOVDQU Y2, 64(DI)
	VPADDD 96(DI), Y3, Y3
	VMOVDQU Y3, 96(DI)
	ADDQ $64, BX
	DECQ CX
	JNZ  block

	VZEROUPPER
	RET
