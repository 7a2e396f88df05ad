using System;

namespace Acme.Orders;

public class Clock
{
    public virtual DateTime Now => DateTime.UtcNow;
}
