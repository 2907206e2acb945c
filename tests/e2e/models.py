"""Small models as HEIR writes them (variant A), made here so that a test can vary one thing at a time."""

# N = 2^12: 2^31- and 2^23-sized primes that are 1 mod 2N; log2(QP) = 108 of at most 109.
LOG_N = 12
Q = [2147377153, 8380417, 8273921]
P = [2147352577]
SLOTS = 2048
SCALE = 23


def model(q=None, p=None, log_n=LOG_N, scale=SCALE, indices=(0, 1, -3, 512), body=None, extra=""):
    """y = rotl(t^2, 5) + bias, t the linear transform of x by diagonals `indices`."""
    q, p = Q if q is None else q, P if p is None else p
    degree, slots = 2**log_n, 2**(log_n - 1)
    limbs = ", ".join(f"!mod_arith.int<{prime} : i64>" for prime in q)
    elements = ", ".join(f"{prime} : i64" for prime in q)
    rows = len(indices)
    if body is None:
        body = f"""
    %t = orion.linear_transform %x, %w {{diagonal_indices = array<i32: {', '.join(map(str, indices))}>, slots = {slots} : i32, orion_level = {len(q) - 1} : i32, bsgs_ratio = 2.0 : f64}} : (!ct, tensor<{rows}x{slots}xf64>) -> !ct
    %s = ckks.mul %t, %t : (!ct, !ct) -> !ct3
    %r = ckks.relinearize %s {{from_basis = array<i32: 0, 1, 2>, to_basis = array<i32: 0, 1>}} : (!ct3) -> !ct
    %u = ckks.rotate %r {{static_shift = 5 : i32}} : !ct
    %pt = lwe.rlwe_encode %b {{encoding = #encoding, ring = #plain}} : tensor<{slots}xf64> -> !pt
    %y = ckks.add_plain %u, %pt : (!ct, !pt) -> !ct
    return %y : !ct"""
    return f"""#encoding = #lwe.inverse_canonical_encoding<scaling_factor = {scale}>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**{degree}>>
#ring = #polynomial.ring<coefficientType = !rns.rns<{limbs}>, polynomialModulus = <1 + x**{degree}>>
#space = #lwe.ciphertext_space<ring = #ring, encryption_type = mix>
#space3 = #lwe.ciphertext_space<ring = #ring, encryption_type = mix, size = 3>
#chain = #lwe.modulus_chain<elements = <{elements}>, current = {len(q) - 1}>
!pt = !lwe.lwe_plaintext<plaintext_space = <ring = #plain, encoding = #encoding>>
!ct = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #encoding>, ciphertext_space = #space, key = #lwe.key<>, modulus_chain = #chain>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #encoding>, ciphertext_space = #space3, key = #lwe.key<>, modulus_chain = #chain>
module attributes {{scheme.ckks, ckks.schemeParam = #ckks.scheme_param<logN = {log_n}, Q = {q}, P = {p}, logDefaultScale = {scale}>}} {{
  func.func @small(%x: !ct {{kmrt.length = 100 : i64, kmrt.period = 128 : i64}}, %w: tensor<{rows}x{slots}xf64> {{orion.layer_name = "fc", orion.layer_role = "weights"}}, %b: tensor<{slots}xf64> {{orion.layer_name = "fc", orion.layer_role = "bias"}}) -> (!ct {{kmrt.length = 10 : i64}}) {{{body}
  }}
{extra}}}
"""


def reference(x, weights, bias, indices=(0, 1, -3, 512)):
    """What the model computes, independently of every line of KeyMemRT."""
    padded = list(x) + [0.0] * (128 - len(x))
    slots = [padded[j % 128] for j in range(SLOTS)]
    t = [sum(weights[r][j] * slots[(j + i) % SLOTS] for r, i in enumerate(indices)) for j in range(SLOTS)]
    return [t[(j + 5) % SLOTS]**2 + bias[j] for j in range(10)]
