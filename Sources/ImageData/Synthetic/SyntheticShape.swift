/// The ten classes of the synthetic set, as signed distances: negative inside, about 1 at a distance of one
/// radius.
enum SyntheticShape: UInt8, CaseIterable {
    case disc, square, triangle, ring, frame, cross, star, crescent, bars, tee

    var name: String { "\(self)" }

    /// Signed distance of point (x, y), in radii from the shape's centre, y downwards.
    func distance(_ x: Float, _ y: Float) -> Float {
        let ax = abs(x)
        let ay = abs(y)
        switch self {
        case .disc:
            return (x * x + y * y).squareRoot() - 0.85
        case .square:
            return max(ax, ay) - 0.75
        case .triangle:
            return max(y - 0.55, 0.866 * ax - 0.5 * y - 0.5)
        case .ring:
            return abs((x * x + y * y).squareRoot() - 0.72) - 0.2
        case .frame:
            return abs(max(ax, ay) - 0.65) - 0.18
        case .cross:
            return min(max(ax - 0.95, ay - 0.27), max(ay - 0.95, ax - 0.27))
        case .star:
            return Self.star(ax, y)
        case .crescent:
            let hole = ((x - 0.5) * (x - 0.5) + y * y).squareRoot()
            return max((x * x + y * y).squareRoot() - 0.92, 0.68 - hole)
        case .bars:
            return max(ax - 0.9, abs(ay - 0.5) - 0.24)
        case .tee:
            return min(max(ax - 0.85, abs(y + 0.6) - 0.25), max(ax - 0.25, abs(y) - 0.85))
        }
    }

    /// A five-pointed star, its tip upwards: folded into one tenth by mirroring at the axes at 36° and 72°.
    private static func star(_ ax: Float, _ y: Float) -> Float {
        let cosine: Float = 0.809016994
        let sine: Float = 0.587785252
        var px = ax
        var py = -y
        // Mirror lines through the centre whose normals are (cos 36°, −sin 36°) and (−cos 36°, −sin 36°).
        let first = 2 * max(cosine * px - sine * py, 0)
        px -= first * cosine
        py += first * sine
        let second = 2 * max(-cosine * px - sine * py, 0)
        px += second * cosine
        py += second * sine
        px = abs(px)
        // The edge from the tip (0, 1) to the inner corner (0.4 sin 36°, 0.4 cos 36°); its outward normal.
        return 0.944 * px + 0.328 * (py - 1)
    }
}
