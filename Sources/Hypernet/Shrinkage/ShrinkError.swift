/// Why a network cannot be shrunk as asked.
public enum ShrinkError: Error, Equatable, CustomStringConvertible {
    /// A setting, its value and what it may be.
    case setting(String, value: String, allowed: String)
    /// A latent vector's importance is NaN or infinite.
    case importance(vector: String)
    /// Latent vectors or gradients are missing, or not those of this network.
    case latents(String)
    /// The plan is not one of this network.
    case plan(String)

    public var description: String {
        switch self {
        case .setting(let name, let value, let allowed):
            "shrink: \(name) is \(value); it must be \(allowed)"
        case .importance(let vector):
            "the importances of latent vector \(vector) are not finite: the search diverged; "
                + "lower its learning rate"
        case .latents(let problem):
            "the search cannot be weighed: \(problem)"
        case .plan(let problem):
            "the plan does not fit the network: \(problem)"
        }
    }
}
