/// A two-colour pattern over the plane: mean colour ± t · contrast with t(x, y) in −1...1.
struct SyntheticTexture {
    enum Kind: Int, CaseIterable { case flat, stripes, checks, gradient, blobs }

    typealias Colour = (red: Float, green: Float, blue: Float)

    let kind: Kind
    let mean: Colour
    let contrast: Colour
    /// The pattern's own coordinates: u = ux·x + uy·y + u0, v likewise.
    private let ux: Float
    private let uy: Float
    private let u0: Float
    private let v0: Float
    /// Lattice values of `blobs`, 8 × 8.
    private let lattice: UInt64

    init(mean: Colour, random: inout QuickRandom) {
        self.mean = mean
        kind = Kind(rawValue: random.integer(below: Kind.allCases.count)) ?? .flat
        let size = random.uniform(SyntheticDifficulty.textureContrast)
        func sign(_ bits: UInt64) -> Float { bits & 1 == 0 ? size : -size }
        let signs = random.bits()
        contrast = (sign(signs), sign(signs >> 1), sign(signs >> 2))
        let direction = random.direction()
        let frequency: Float
        switch kind {
        case .flat: frequency = 0
        case .stripes, .checks: frequency = 1 / random.uniform(3, 8)
        case .gradient: frequency = 1 / random.uniform(12, 30)
        case .blobs: frequency = 1 / random.uniform(3, 7)
        }
        ux = direction.x * frequency
        uy = direction.y * frequency
        u0 = random.uniform(0, 8)
        v0 = random.uniform(0, 8)
        lattice = random.bits()
    }

    /// t(x, y)
    func value(_ x: Float, _ y: Float) -> Float {
        let u = ux * x + uy * y + u0
        let v = ux * y - uy * x + v0
        switch kind {
        case .flat: return 0
        case .stripes: return Self.wave(u)
        case .checks: return Self.wave(u) * Self.wave(v)
        case .gradient: return max(-1, min(1, ux * (x - 16) + uy * (y - 16)))
        case .blobs: return blobs(u, v)
        }
    }

    /// A square wave of period 1 with slanted edges.
    private static func wave(_ u: Float) -> Float {
        let fraction = u - u.rounded(.down)
        return max(-1, min(1, (abs(fraction - 0.5) * 4 - 1) * 2))
    }

    /// The lattice of ±1, repeated every 8, interpolated bilinearly.
    private func blobs(_ u: Float, _ v: Float) -> Float {
        let column = u.rounded(.down)
        let row = v.rounded(.down)
        let s = u - column
        let t = v - row
        let i = UInt64(bitPattern: Int64(column)) & 7
        let j = UInt64(bitPattern: Int64(row)) & 7
        let i1 = (i + 1) & 7
        let j1 = (j + 1) & 7
        let top = corner(i, j) * (1 - s) + corner(i1, j) * s
        let bottom = corner(i, j1) * (1 - s) + corner(i1, j1) * s
        return top * (1 - t) + bottom * t
    }

    private func corner(_ i: UInt64, _ j: UInt64) -> Float { lattice >> (8 * j + i) & 1 == 0 ? -1 : 1 }
}
