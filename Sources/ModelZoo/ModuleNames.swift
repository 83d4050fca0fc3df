/// Hands out the names of a block's modules as PyTorch's `Sequential` numbers them.
struct ModuleNames {
    let prefix: String
    /// Whether a convolution, its batch norm and its activation are one module with three parts.
    var isNested = false
    private var index = 0

    init(_ prefix: String, isNested: Bool = false) {
        self.prefix = prefix
        self.isNested = isNested
    }

    /// The next module alone.
    mutating func next() -> String {
        defer { index += 1 }
        return "\(prefix).\(index)"
    }

    /// A convolution and its batch norm, with no activation after them.
    mutating func pair() -> (convolution: String, norm: String) {
        (next(), next())
    }

    /// A convolution, its batch norm and its activation.
    mutating func triple() -> (convolution: String, norm: String, activation: String) {
        guard isNested else { return (next(), next(), next()) }
        let name = next()
        return ("\(name).0", "\(name).1", "\(name).2")
    }
}
