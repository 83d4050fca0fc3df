internal import COpenBLAS

/// Dense matrices, row-major, on the calling thread alone.
public enum DenseAlgebra {
    /// c = alpha·op(a)·op(b) + beta·c, where op(a) is m×k, op(b) k×n, c m×n, all without gaps: `a` is
    /// stored k×m if it is to be transposed, `b` n×k. With beta 0, `c` is overwritten whatever it held.
    public static func multiply(
        m: Int, n: Int, k: Int, _ a: UnsafePointer<Float>, transposeA: Bool = false,
        _ b: UnsafePointer<Float>,
        transposeB: Bool = false, into c: UnsafeMutablePointer<Float>, alpha: Float = 1, beta: Float = 0
    ) {
        Engine.isolateThread()
        cblas_sgemm(
            CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
            Int32(m), Int32(n), Int32(k), alpha, a, Int32(max(transposeA ? m : k, 1)), b,
            Int32(max(transposeB ? k : n, 1)), beta, c, Int32(max(n, 1)))
    }
}
