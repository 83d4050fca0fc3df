/// What makes an element of a latent vector worth keeping.
public enum Importance: String, Codable, CaseIterable, Sendable {
    /// |∂L/∂z|: LW-DNA's.
    case gradient
    /// |z|: DHP's, and what the released code of LW-DNA's ImageNet ResNets does.
    case magnitude
    /// |∂L/∂z| / max ∂L/∂z of its vector, the maximum being signed: the released code's `grad_normalize`.
    case normalizedGradient = "normalized_gradient"

    /// One importance per element, in fp32.
    public func values(latents: [[Float]], gradients: [[Float]]) -> [[Float]] {
        switch self {
        case .gradient: gradients.map { $0.map(abs) }
        case .magnitude: latents.map { $0.map(abs) }
        case .normalizedGradient: gradients.map(Self.normalized)
        }
    }

    private static func normalized(_ gradient: [Float]) -> [Float] {
        let largest = gradient.max() ?? 0
        return largest == 0 ? gradient.map(abs) : gradient.map { abs($0 / largest) }
    }
}
