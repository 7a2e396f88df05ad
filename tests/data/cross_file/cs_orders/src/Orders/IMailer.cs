namespace Acme.Orders;

public interface IMailer
{
    void Send(string address, string subject, string body);
}
