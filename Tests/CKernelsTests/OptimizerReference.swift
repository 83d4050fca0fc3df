import CKernels

extension espalier_optimizer_rule {
    /// One element of the formulas in Optimizer.h, slowly.
    func step(
        _ parameter: Float, _ moments: (first: Float, second: Float), _ gradient: Float
    ) -> (parameter: Float, moments: (Float, Float)) {
        let decayed = gradient + decay * parameter
        var (first, second) = moments
        let direction: Float
        switch espalier_optimizer(rawValue: UInt32(kind)) {
        case ESPALIER_ADAM:
            first += take_first * (decayed - first)
            second = keep * second + take * (decayed * decayed)
            direction = first / (second.squareRoot() * root_scale + epsilon)
        case ESPALIER_RMSPROP:
            first = keep * first + take * (decayed * decayed)
            direction = decayed / (first.squareRoot() + epsilon)
        case ESPALIER_RMSPROP_MOMENTUM:
            first = keep * first + take * (decayed * decayed)
            second = momentum * second + decayed / (first.squareRoot() + epsilon)
            direction = second
        case ESPALIER_NESTEROV:
            first = momentum * first + decayed
            direction = decayed + momentum * first
        default:
            first = momentum * first + decayed
            direction = first
        }
        return (parameter - rate * direction, (first, second))
    }
}
