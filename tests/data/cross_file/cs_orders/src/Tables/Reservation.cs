namespace Acme.Tables;

public class TableReservation
{
    public int Seats { get; set; }

    public bool Reserve(int seats)
    {
        Seats = seats;
        return true;
    }
}
