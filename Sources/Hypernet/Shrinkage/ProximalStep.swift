/// The proximal gradient's second half: after the optimizer's step of rate μ, each latent vector z moves to
/// the proximal point of λ·μ·R(z) (DHP, METHODS section 3).
///
///     R = ‖z‖₁:   z ← sign(z)·max(|z| − λμ, 0)
///     R = ‖z‖₂:   z ← (1 − λμ / max(‖z‖₂, λμ))·z
///
/// A vector is left alone once no more than its floor's number of elements are at or above the threshold.
public struct ProximalStep: Equatable, Sendable {
    public enum Penalty: String, CaseIterable, Sendable {
        case l1, l2
    }

    public let penalty: Penalty
    /// λ.
    public let strength: Float
    /// Elements of smaller magnitude are as good as pruned.
    public let threshold: Float
    /// Of each latent vector, in the wiring's order: how many elements stay whatever happens.
    private let floors: [Int]
    private let lengths: [Int]

    /// - Parameter settings: only its floors matter.
    public init(
        penalty: Penalty, strength: Float, threshold: Float, vectors: [LatentWiring.Vector],
        settings: ShrinkSettings
    ) {
        self.penalty = penalty
        self.strength = strength
        self.threshold = threshold
        floors = vectors.map(settings.floor)
        lengths = vectors.map(\.length)
    }

    /// Moves all latent vectors.
    ///
    /// - Parameters:
    ///   - latents: one after the other, in the wiring's order.
    ///   - rate: μ, of the optimizer's step before.
    public func apply(to latents: UnsafeMutablePointer<Float>, rate: Float) {
        var start = 0
        for (floor, length) in zip(floors, lengths) {
            let vector = UnsafeMutableBufferPointer(start: latents + start, count: length)
            start += length
            guard floor < length, vector.count(where: { abs($0) >= threshold }) > floor else { continue }
            Self.move(vector, penalty, by: strength * rate)
        }
    }

    /// The proximal point of `amount`·R.
    package static func move(
        _ vector: UnsafeMutableBufferPointer<Float>, _ penalty: Penalty, by amount: Float
    ) {
        // Where nothing is to be subtracted 0 / 0 would follow.
        guard amount > 0 else { return }
        switch penalty {
        case .l1:
            for index in vector.indices {
                let rest = max(abs(vector[index]) - amount, 0)
                vector[index] = vector[index] < 0 ? -rest : rest
            }
        case .l2:
            let norm = vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
            let factor = Float(1 - Double(amount) / max(norm, Double(amount)))
            for index in vector.indices { vector[index] *= factor }
        }
    }
}
